//! Any policy, made of the rules that the worker's has, and any calls: the assembled program decides as the policy reads.

use std::collections::BTreeMap;

use arbitrary::{Result, Unstructured};

use super::assemble::{ARCHITECTURE, X32, assemble};
use super::evaluate::{Call, evaluate, expected};
use super::policy::{Writes, policy};
use super::rule::Rule;

/// Numbers up to here are near each other, as the kernel's are, so that ranges join.
const NUMBERS: u32 = 600;

/// The kernel refuses a program that is longer.
const MAX_PROGRAM: usize = 4_096;

/// Any policy and any calls.
pub fn system_calls(data: &[u8]) {
    // Whatever is missing at the end of the data reads as zero.
    let _ = run(&mut Unstructured::new(data));
}

fn run(choices: &mut Unstructured<'_>) -> Result<()> {
    let rules: Vec<Rule> = policy(Writes::Scratch).into_iter().chain(policy(Writes::Denied)).map(|one| one.1).collect();
    let mut chosen = BTreeMap::new();
    for _ in 0..choices.int_in_range(0..=200)? {
        let number = if choices.ratio(1, 8)? { choices.arbitrary()? } else { choices.int_in_range(0..=NUMBERS)? };
        chosen.insert(number.min(X32 - 1), *choices.choose(&rules)?);
    }
    let chosen: Vec<(u32, Rule)> = chosen.into_iter().collect();
    let program = assemble(&chosen);
    assert!(program.len() <= MAX_PROGRAM, "{} instructions", program.len());
    for _ in 0..64 {
        let number = match chosen.get(choices.arbitrary::<u8>()? as usize) {
            Some((number, _)) => number.wrapping_add(choices.int_in_range(0..=2)?).wrapping_sub(1),
            None => choices.arbitrary()?,
        };
        let architecture = if choices.ratio(1, 16)? { choices.arbitrary()? } else { ARCHITECTURE };
        let call = Call { number, architecture, arguments: choices.arbitrary()? };
        assert_eq!(evaluate(&program, &call), expected(&chosen, &call), "{call:#x?} under {chosen:?}");
    }
    Ok(())
}
