//! A JSON reader for hostile text: bounded depth, integers of any size, members in their order.
//!
//! It is our own because general readers lose one of these, and because tags must be read where objects close: the depth of
//! the text is the bound, not that of what it stands for. Of two equal keys the last one's value holds, as in Python.

use std::collections::HashMap;

use super::number::MAX_DIGITS;
use super::{BigInt, MAX_DEPTH, Value, ValueError};

/// What an object stands for, once its members are known.
type Close = fn(Vec<(String, Value)>) -> Result<Value, ValueError>;

pub(super) fn read(text: &[u8], close: Close) -> Result<Value, ValueError> {
    let text = str::from_utf8(text)
        .map_err(|error| ValueError::Json { reason: "text that is not UTF-8", offset: error.valid_up_to() })?;
    let mut reader = Reader { text, offset: 0, close };
    let value = reader.value(0)?;
    reader.blank();
    if reader.offset == text.len() { Ok(value) } else { Err(reader.wrong("something after the value")) }
}

struct Reader<'a> {
    text: &'a str,
    offset: usize,
    close: Close,
}

impl Reader<'_> {
    fn wrong(&self, reason: &'static str) -> ValueError {
        ValueError::Json { reason, offset: self.offset }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.offset).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.offset += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.offset += usize::from(found);
        found
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, ValueError> {
        if self.text.as_bytes()[self.offset..].starts_with(word.as_bytes()) {
            self.offset += word.len();
            Ok(value)
        } else {
            Err(self.wrong("no JSON value"))
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, ValueError> {
        self.blank();
        match self.peek() {
            Some(b'n') => self.word("null", Value::None),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'"') => self.string().map(Value::Str),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'[' | b'{') if depth == MAX_DEPTH => Err(ValueError::Depth),
            Some(b'[') => self.array(depth + 1),
            Some(b'{') => self.object(depth + 1),
            _ => Err(self.wrong("no JSON value")),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, ValueError> {
        self.offset += 1;
        let mut members = Vec::new();
        self.blank();
        if self.take(b']') {
            return Ok(Value::List(members));
        }
        loop {
            members.push(self.value(depth)?);
            self.blank();
            if self.take(b']') {
                return Ok(Value::List(members));
            }
            if !self.take(b',') {
                return Err(self.wrong("no `,` or `]`"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, ValueError> {
        self.offset += 1;
        let mut members: Vec<(String, Value)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        self.blank();
        if self.take(b'}') {
            return (self.close)(members);
        }
        loop {
            self.blank();
            if self.peek() != Some(b'"') {
                return Err(self.wrong("no key"));
            }
            let key = self.string()?;
            self.blank();
            if !self.take(b':') {
                return Err(self.wrong("no `:`"));
            }
            let member = self.value(depth)?;
            if let Some((_, earlier)) = places.get(&key).and_then(|place| members.get_mut(*place)) {
                *earlier = member;
            } else {
                places.insert(key.clone(), members.len());
                members.push((key, member));
            }
            self.blank();
            if self.take(b'}') {
                return (self.close)(members);
            }
            if !self.take(b',') {
                return Err(self.wrong("no `,` or `}`"));
            }
        }
    }

    fn digits(&mut self) -> Result<usize, ValueError> {
        let start = self.offset;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.offset += 1;
        }
        match self.offset - start {
            0 => Err(self.wrong("no digit")),
            count => Ok(count),
        }
    }

    fn number(&mut self) -> Result<Value, ValueError> {
        let start = self.offset;
        self.take(b'-');
        let zero = self.peek() == Some(b'0');
        let digits = self.digits()?;
        if zero && digits > 1 {
            return Err(self.wrong("a number with a leading zero"));
        }
        let mut whole = true;
        if self.take(b'.') {
            whole = false;
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            whole = false;
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        let text = &self.text[start..self.offset];
        if !whole {
            // What is read as a float here is one for the standard library, too: it accepts all of JSON's numbers.
            return text.parse().map(Value::Float).map_err(|_| self.wrong("a malformed number"));
        }
        if digits > MAX_DIGITS {
            return Err(self.wrong("an integer with too many digits"));
        }
        Ok(text.parse().map_or_else(|_| Value::BigInt(BigInt(text.to_owned())), Value::Int))
    }

    fn string(&mut self) -> Result<String, ValueError> {
        self.offset += 1;
        let mut string = String::new();
        loop {
            let start = self.offset;
            while self.peek().is_some_and(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
                self.offset += 1;
            }
            // Both ends are beside ASCII, so between characters.
            string.push_str(&self.text[start..self.offset]);
            match self.peek() {
                Some(b'"') => {
                    self.offset += 1;
                    return Ok(string);
                }
                Some(b'\\') => string.push(self.escape()?),
                Some(_) => return Err(self.wrong("a control character in a string")),
                None => return Err(self.wrong("a string without its end")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, ValueError> {
        self.offset += 1;
        let byte = self.peek().ok_or_else(|| self.wrong("a string without its end"))?;
        self.offset += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hex()?;
                if !(0xd800..0xdc00).contains(&first) {
                    return char::from_u32(first).ok_or_else(|| self.wrong("a lone surrogate"));
                }
                if !(self.take(b'\\') && self.take(b'u')) {
                    return Err(self.wrong("a lone surrogate"));
                }
                let second = self.hex()?;
                if !(0xdc00..0xe000).contains(&second) {
                    return Err(self.wrong("a lone surrogate"));
                }
                char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00))
                    .ok_or_else(|| self.wrong("a lone surrogate"))?
            }
            _ => return Err(self.wrong("an unknown escape")),
        })
    }

    fn hex(&mut self) -> Result<u32, ValueError> {
        let digits = self.text.as_bytes().get(self.offset..self.offset + 4);
        let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let number = digits
            .and_then(|digits| str::from_utf8(digits).ok())
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.offset += 4;
        number.ok_or_else(|| self.wrong("a malformed escape"))
    }
}
