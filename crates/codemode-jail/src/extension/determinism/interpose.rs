//! Puts functions of this library in place of libc's, in every object that the process has loaded.
//!
//! An object calls a function of another through an entry of its global offset table. The relocations say which entry is
//! whose; here the entries of a few functions are written over. Only data is written, never code: pages that the loader has
//! made read-only are opened for that one write. libc's calls of itself have no such entries, and what a program looks up by
//! name (`ctypes`) is libc's own; both read the real clock.
//!
//! Called with the interpreter's lock held: by the zygote before its first fork, and by a worker that has loaded more.

use core::ffi::{CStr, c_char, c_int, c_ulong, c_void};
use core::sync::atomic::{AtomicUsize, Ordering};
use core::{mem, ptr, slice};

use super::{clock, entropy};
use crate::python;

/// `struct dl_phdr_info`.
#[repr(C)]
struct Object {
    base: usize,
    name: *const c_char,
    headers: *const Segment,
    header_count: u16,
    loaded: u64,
    unloaded: u64,
}

/// `Elf64_Phdr`.
#[repr(C)]
struct Segment {
    kind: u32,
    flags: u32,
    offset: u64,
    address: usize,
    physical: u64,
    file_size: u64,
    size: usize,
    alignment: u64,
}

/// `Elf64_Dyn`.
#[repr(C)]
struct Dynamic {
    tag: i64,
    value: usize,
}

/// `Elf64_Rela`.
#[repr(C)]
struct Relocation {
    place: usize,
    kind: u32,
    symbol: u32,
    addend: i64,
}

/// `Elf64_Sym`.
#[repr(C)]
struct Symbol {
    name: u32,
    information: u8,
    other: u8,
    section: u16,
    value: u64,
    size: u64,
}

unsafe extern "C" {
    fn dl_iterate_phdr(
        visit: unsafe extern "C" fn(*const Object, usize, *mut c_void) -> c_int,
        data: *mut c_void,
    ) -> c_int;
    fn getauxval(kind: c_ulong) -> c_ulong;
    fn mprotect(address: *mut c_void, length: usize, protection: c_int) -> c_int;
}

const AT_PAGESZ: c_ulong = 6;
const PROT_READ: c_int = 1;
const PROT_WRITE: c_int = 2;
const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_GNU_RELRO: u32 = 0x6474_e552;
const PF_WRITE: u32 = 2;

const DT_PLTRELSZ: i64 = 2;
const DT_STRTAB: i64 = 5;
const DT_SYMTAB: i64 = 6;
const DT_RELA: i64 = 7;
const DT_RELASZ: i64 = 8;
const DT_JMPREL: i64 = 23;

/// Relocations that hold a function's address: of the procedure table, of the offset table, in data.
#[cfg(target_arch = "x86_64")]
const ADDRESSES: [u32; 3] = [7, 6, 1];
#[cfg(target_arch = "aarch64")]
const ADDRESSES: [u32; 3] = [1026, 1025, 257];

/// Which object may keep libc's.
#[derive(Clone, Copy, PartialEq)]
enum Within {
    Every,
    /// The interpreter itself uses it for timeouts, never for a program.
    AllButInterpreter,
}

fn replacement(name: &[u8]) -> Option<(*const c_void, Within)> {
    Some(match name {
        b"clock_gettime" => (clock::interposed_clock_gettime as *const c_void, Within::Every),
        b"gettimeofday" => (clock::interposed_gettimeofday as *const c_void, Within::AllButInterpreter),
        b"time" => (clock::interposed_time as *const c_void, Within::Every),
        b"getrandom" => (entropy::interposed_getrandom as *const c_void, Within::Every),
        b"getentropy" => (entropy::interposed_getentropy as *const c_void, Within::Every),
        b"syscall" => (entropy::interposed_syscall as *const c_void, Within::Every),
        b"arc4random" => (entropy::interposed_arc4random as *const c_void, Within::Every),
        b"arc4random_buf" => (entropy::interposed_arc4random_buf as *const c_void, Within::Every),
        b"arc4random_uniform" => (entropy::interposed_arc4random_uniform as *const c_void, Within::Every),
        _ => return None,
    })
}

/// What an interpreter waits with when a lock has a timeout.
#[derive(Clone, Copy, Default)]
struct Waits {
    until_wall_time: bool,
    until_any_clock: bool,
}

struct Scan {
    index: usize,
    interpreter: Waits,
}

/// How many objects are done. A loader appends new ones, so long as none was taken out of the middle.
static DONE: AtomicUsize = AtomicUsize::new(0);

/// Interposes in all that is loaded and was not before. False where the interpreter computes timeouts of locks from the
/// wall clock (built for a glibc before 2.30, or musl): its reads cannot be told from a program's.
pub(super) fn interpose() -> bool {
    let mut scan = Scan { index: 0, interpreter: Waits::default() };
    // SAFETY: `visit` gets `scan` back, which outlives the call.
    unsafe { dl_iterate_phdr(visit, (&raw mut scan).cast()) };
    DONE.store(scan.index, Ordering::Relaxed);
    scan.interpreter.until_any_clock || !scan.interpreter.until_wall_time
}

unsafe extern "C" fn visit(object: *const Object, _size: usize, data: *mut c_void) -> c_int {
    // SAFETY: the loader passes a description that is valid for this call, and our own `data`.
    let (object, scan) = unsafe { (&*object, &mut *data.cast::<Scan>()) };
    let index = scan.index;
    scan.index += 1;
    if object.unloaded == 0 && index < DONE.load(Ordering::Relaxed) {
        return 0;
    }
    // SAFETY: the object's program headers, mapped while it is loaded.
    let segments = unsafe { slice::from_raw_parts(object.headers, usize::from(object.header_count)) };
    let table = Table { base: object.base, segments };
    if !table.contains(visit as *const () as usize) {
        table.interpose(&mut scan.interpreter);
    }
    0
}

/// An object, as far as its relocations go.
struct Table<'a> {
    base: usize,
    segments: &'a [Segment],
}

impl Table<'_> {
    fn contains(&self, address: usize) -> bool {
        self.segments.iter().any(|segment| {
            segment.kind == PT_LOAD
                && address.wrapping_sub(self.base.wrapping_add(segment.address)) < segment.size
        })
    }

    fn interpose(&self, waits: &mut Waits) {
        let Some(segment) = self.segments.iter().find(|segment| segment.kind == PT_DYNAMIC) else { return };
        let (mut names, mut symbols) = (0, 0);
        let (mut relocations, mut length, mut calls, mut calls_length) = (0, 0, 0, 0);
        let dynamic = ptr::with_exposed_provenance::<Dynamic>(self.base.wrapping_add(segment.address));
        for index in 0..segment.size / mem::size_of::<Dynamic>() {
            // SAFETY: the object's dynamic section, of the size that its header says, mapped and in use by the loader.
            let entry = unsafe { &*dynamic.add(index) };
            match entry.tag {
                0 => break,
                DT_STRTAB => names = self.address(entry.value),
                DT_SYMTAB => symbols = self.address(entry.value),
                DT_RELA => relocations = self.address(entry.value),
                DT_RELASZ => length = entry.value,
                DT_JMPREL => calls = self.address(entry.value),
                DT_PLTRELSZ => calls_length = entry.value,
                _ => {}
            }
        }
        if names == 0 || symbols == 0 {
            return;
        }
        let is_interpreter = self.contains(python::PyFloat_FromDouble as *const () as usize);
        for (start, length) in [(relocations, length), (calls, calls_length)] {
            if start == 0 {
                continue;
            }
            let start = ptr::with_exposed_provenance::<Relocation>(start);
            for index in 0..length / mem::size_of::<Relocation>() {
                // SAFETY: the relocations that the loader applied; names and symbols are the tables that they refer to.
                unsafe { self.relocation(&*start.add(index), names, symbols, is_interpreter, waits) };
            }
        }
    }

    /// glibc writes addresses into the dynamic section; musl, and objects mapped read-only, leave offsets.
    fn address(&self, value: usize) -> usize {
        if value < self.base { value.wrapping_add(self.base) } else { value }
    }

    /// # Safety
    ///
    /// The relocation is this object's, and `names` and `symbols` are the addresses of its tables.
    unsafe fn relocation(
        &self,
        relocation: &Relocation,
        names: usize,
        symbols: usize,
        is_interpreter: bool,
        waits: &mut Waits,
    ) {
        if relocation.symbol == 0 || !ADDRESSES.contains(&relocation.kind) {
            return;
        }
        let symbol = ptr::with_exposed_provenance::<Symbol>(symbols);
        // SAFETY: the loader resolved this very symbol.
        let symbol = unsafe { &*symbol.add(relocation.symbol as usize) };
        // A function of the object's own, as in libc: not what others call.
        if symbol.section != 0 {
            return;
        }
        let name = ptr::with_exposed_provenance::<c_char>(names.wrapping_add(symbol.name as usize));
        // SAFETY: a zero-terminated name of the object's table.
        let name = unsafe { CStr::from_ptr(name) }.to_bytes();
        if is_interpreter {
            waits.until_wall_time |= matches!(name, b"sem_timedwait" | b"pthread_cond_timedwait");
            waits.until_any_clock |= matches!(name, b"sem_clockwait");
        }
        let Some((function, within)) = replacement(name) else { return };
        if relocation.addend == 0 && !(is_interpreter && within == Within::AllButInterpreter) {
            self.write(self.base.wrapping_add(relocation.place), function);
        }
    }

    fn write(&self, place: usize, function: *const c_void) {
        let within = |segment: &&Segment| place.wrapping_sub(self.base.wrapping_add(segment.address)) < segment.size;
        let is_data = self.segments.iter().find(|segment| segment.kind == PT_LOAD && within(segment));
        if is_data.is_none_or(|segment| segment.flags & PF_WRITE == 0) {
            return;
        }
        // SAFETY: no precondition.
        let size = usize::try_from(unsafe { getauxval(AT_PAGESZ) }).unwrap_or(4096).max(1);
        // The loader rounds the end down: the page in which it lies stays writable.
        let closed = self.segments.iter().find(|segment| segment.kind == PT_GNU_RELRO).is_some_and(|segment| {
            let start = self.base.wrapping_add(segment.address);
            (start / size * size..start.wrapping_add(segment.size) / size * size).contains(&place)
        });
        let page = ptr::with_exposed_provenance_mut::<c_void>(place / size * size);
        // SAFETY: one page of this object's data. It becomes writable, never executable, and what it was before again;
        // nobody else changes its protection: the interpreter's lock is held, and the loader is done with the object.
        // The place is aligned as the relocation's, and other threads read either address, both of functions that work.
        unsafe {
            if closed && mprotect(page, size, PROT_READ | PROT_WRITE) != 0 {
                return;
            }
            AtomicUsize::from_ptr(ptr::with_exposed_provenance_mut(place)).store(function.addr(), Ordering::Relaxed);
            if closed {
                mprotect(page, size, PROT_READ);
            }
        }
    }
}
