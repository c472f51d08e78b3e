//! The rule of names: `zkperf/names_reference.py`, which says where each step comes from, fast.
//!
//! Characters are those of the one version of Unicode whose table is built in.

use std::collections::HashMap;
use std::sync::LazyLock;

use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::error::{Error, Result};

const MAX_NAME: usize = 200;
const ZWNJ: u32 = 0x200c;
const ZWJ: u32 = 0x200d;
const TEXT_STYLE: u32 = 0xfe0e;
const EMOJI_STYLE: u32 = 0xfe0f;
const VIRAMA: u8 = 9;

/// Why `text` is no name, and the place of the code point that shows it; None if it is one.
#[pyfunction]
pub fn name_fault(text: &Bound<'_, PyString>) -> PyResult<Option<(&'static str, usize)>> {
    // Python's strings can hold half a surrogate pair, which is no character.
    let Ok(utf8) = text.to_str() else {
        return surrogate(text);
    };
    Ok(fault(&utf8.chars().map(u32::from).collect::<Vec<_>>()))
}

/// toNFKC_Casefold. EncodingError for half a surrogate pair.
#[pyfunction]
pub fn fold_name(text: &Bound<'_, PyString>) -> Result<String> {
    let utf8 = text.to_str().map_err(|_| Error::Encoding("a text with half a surrogate pair".into()))?;
    let mut folded = Vec::new();
    for point in utf8.chars().map(u32::from) {
        TABLE.fold(point, &mut folded);
    }
    Ok(nfc(&folded).into_iter().map(|point| char::from_u32(point).expect("a scalar value")).collect())
}

fn surrogate(text: &Bound<'_, PyString>) -> PyResult<Option<(&'static str, usize)>> {
    let mut points = Vec::new();
    for character in text.try_iter()? {
        // what is before it may be at fault first
        match character?.cast_into::<PyString>()?.to_str() {
            Ok(one) => points.extend(one.chars().map(u32::from)),
            Err(_) => points.push(0xd800),
        }
    }
    Ok(fault(&points))
}

fn fault(points: &[u32]) -> Option<(&'static str, usize)> {
    if points.is_empty() {
        return Some(("empty", 0));
    }
    if points.len() > MAX_NAME {
        return Some(("long", MAX_NAME));
    }
    for (place, &point) in points.iter().enumerate() {
        match TABLE.class(point) {
            Class::Plain => (),
            Class::Space if place == 0 || place + 1 == points.len() => return Some(("ends", place)),
            Class::Space if points[place - 1] == point => return Some(("spaces", place)),
            Class::Mark if place == 0 => return Some(("mark", place)),
            Class::Invisible if !needed(points, place) => return Some(("invisible", place)),
            Class::Space | Class::Mark | Class::Invisible => (),
            Class::Never(reason) => return Some((reason, place)),
        }
    }
    let composed = nfc(points);
    if composed == points {
        return None;
    }
    let place = composed.iter().zip(points).position(|(a, b)| a != b);
    Some(("composed", place.unwrap_or(composed.len().min(points.len()))))
}

/// Whether the invisible code point at `place` is one that the script around it is written with.
fn needed(points: &[u32], place: usize) -> bool {
    let (before, after) = (&points[..place], &points[place + 1..]);
    let Some(&last) = before.last() else { return false };
    let is =
        |point: u32, context: &str| TABLE.contexts.get(context).is_some_and(|set| set.get(point).is_some());
    let next_is = |context: &str| after.first().is_some_and(|&next| is(next, context));
    match points[place] {
        TEXT_STYLE | EMOJI_STYLE => is(last, "styled"),
        0xe0100..=0xe01ef => is(last, "ideograph"),
        0x180b..=0x180d | 0x180f => is(last, "mongolian"),
        0x180e => is(last, "mongolian") && next_is("mongolian"),
        ZWNJ | ZWJ if TABLE.class_of_combining(last) == VIRAMA => true,
        ZWNJ => {
            let joins = |point: &u32| TABLE.joining.get(*point).unwrap_or(b'U');
            let left = before.iter().rev().map(joins).find(|&kind| kind != b'T');
            let right = after.iter().map(joins).find(|&kind| kind != b'T');
            matches!(left, Some(b'L' | b'D')) && matches!(right, Some(b'R' | b'D'))
        }
        ZWJ => {
            let left = before.iter().rev().find(|&&other| other != EMOJI_STYLE && !is(other, "modifier"));
            left.is_some_and(|&other| is(other, "pictograph")) && next_is("pictograph")
        }
        _ => false,
    }
}

// -- normalization form C ------------------------------------------------------------------------------

const S_BASE: u32 = 0xac00;
const L_BASE: u32 = 0x1100;
const V_BASE: u32 = 0x1161;
const T_BASE: u32 = 0x11a7;
const L_COUNT: u32 = 19;
const V_COUNT: u32 = 21;
const T_COUNT: u32 = 28;
const S_COUNT: u32 = L_COUNT * V_COUNT * T_COUNT;

fn nfc(points: &[u32]) -> Vec<u32> {
    let mut decomposed = Vec::with_capacity(points.len());
    for &point in points {
        decompose(point, &mut decomposed);
    }
    // Marks that follow each other stand in the order of their classes; the sort is stable.
    let combining = |point: &u32| TABLE.class_of_combining(*point);
    for marks in decomposed.chunk_by_mut(|a, b| combining(a) != 0 && combining(b) != 0) {
        marks.sort_by_key(combining);
    }
    compose(&decomposed)
}

fn decompose(point: u32, out: &mut Vec<u32>) {
    let syllable = point.wrapping_sub(S_BASE);
    if syllable < S_COUNT {
        out.push(L_BASE + syllable / (V_COUNT * T_COUNT));
        out.push(V_BASE + syllable / T_COUNT % V_COUNT);
        if syllable % T_COUNT != 0 {
            out.push(T_BASE + syllable % T_COUNT);
        }
    } else if let Some(parts) = TABLE.decompositions.get(&point) {
        for &part in parts {
            decompose(part, out);
        }
    } else {
        out.push(point);
    }
}

fn compose(points: &[u32]) -> Vec<u32> {
    let mut composed: Vec<u32> = Vec::with_capacity(points.len());
    let mut starter = None;
    for &point in points {
        let class = TABLE.class_of_combining(point);
        let between = |place: usize| (place + 1 < composed.len()).then(|| composed[composed.len() - 1]);
        let open = starter.filter(|&place| {
            between(place).is_none_or(|last| {
                let before = TABLE.class_of_combining(last);
                before != 0 && before < class
            })
        });
        if let Some((place, whole)) = open.and_then(|place| Some((place, composite(composed[place], point)?)))
        {
            composed[place] = whole;
            continue;
        }
        if class == 0 {
            starter = Some(composed.len());
        }
        composed.push(point);
    }
    composed
}

fn composite(first: u32, second: u32) -> Option<u32> {
    let (leading, vowel) = (first.wrapping_sub(L_BASE), second.wrapping_sub(V_BASE));
    if leading < L_COUNT && vowel < V_COUNT {
        return Some(S_BASE + (leading * V_COUNT + vowel) * T_COUNT);
    }
    let (syllable, trailing) = (first.wrapping_sub(S_BASE), second.wrapping_sub(T_BASE));
    if syllable < S_COUNT && syllable % T_COUNT == 0 && (1..T_COUNT).contains(&trailing) {
        return Some(first + trailing);
    }
    TABLE.compositions.get(&(first, second)).copied()
}

// -- the table -----------------------------------------------------------------------------------------

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(include_str!("../../zkperf/unicode.txt")));

/// What a code point is to names.
#[derive(Clone, Copy)]
enum Class {
    Plain,
    Mark,
    Space,
    Invisible,
    Never(&'static str),
}

/// A value for each code point of some ranges, in order.
struct Ranges<T>(Vec<(u32, u32, T)>);

impl<T: Copy> Ranges<T> {
    fn get(&self, point: u32) -> Option<T> {
        let place = self.0.partition_point(|range| range.0 <= point);
        self.0[..place].last().filter(|range| point <= range.1).map(|range| range.2)
    }
}

struct Table {
    classes: Ranges<Class>,
    joining: Ranges<u8>,
    combining: Ranges<u8>,
    contexts: HashMap<&'static str, Ranges<()>>,
    decompositions: HashMap<u32, Vec<u32>>,
    compositions: HashMap<(u32, u32), u32>,
    folds: Ranges<usize>,
    /// To what the first code point of a run folds.
    folded: Vec<Vec<u32>>,
}

impl Table {
    fn read(text: &'static str) -> Table {
        let mut table = Table {
            classes: Ranges(Vec::new()),
            joining: Ranges(Vec::new()),
            combining: Ranges(Vec::new()),
            contexts: HashMap::new(),
            decompositions: HashMap::new(),
            compositions: HashMap::new(),
            folds: Ranges(Vec::new()),
            folded: Vec::new(),
        };
        let mut section = "";
        for line in text.lines() {
            if line.starts_with('[') {
                section = line;
            } else if !line.starts_with('#') {
                table.take(section, line);
            }
        }
        table
    }

    fn take(&mut self, section: &str, line: &'static str) {
        let hex = |digits: &str| u32::from_str_radix(digits, 16).expect("a code point");
        let mut words = line.split(' ');
        let range = words.next().expect("a range");
        let (low, high) = range.split_once('-').unwrap_or((range, range));
        let (low, high) = (hex(low), hex(high));
        let word = words.next().expect("a value");
        match section {
            "[class]" => self.classes.0.push((low, high, class(word))),
            "[joining]" => self.joining.0.push((low, high, word.as_bytes()[0])),
            "[combining]" => self.combining.0.push((low, high, word.parse().expect("a class"))),
            "[in]" => self.contexts.entry(word).or_insert(Ranges(Vec::new())).0.push((low, high, ())),
            "[decomposition]" => {
                let parts: Vec<u32> = words.map(hex).collect();
                if word == "=" {
                    self.compositions.insert((parts[0], parts[1]), low);
                }
                self.decompositions.insert(low, parts);
            }
            "[fold]" => {
                self.folds.0.push((low, high, self.folded.len()));
                self.folded.push(words.map(hex).collect());
            }
            _ => unreachable!("a section that the table does not have"),
        }
    }

    fn class(&self, point: u32) -> Class {
        self.classes.get(point).unwrap_or(Class::Never("unassigned"))
    }

    fn class_of_combining(&self, point: u32) -> u8 {
        self.combining.get(point).unwrap_or(0)
    }

    fn fold(&self, point: u32, out: &mut Vec<u32>) {
        let place = self.folds.0.partition_point(|range| range.0 <= point);
        match self.folds.0[..place].last().filter(|range| point <= range.1) {
            None => out.push(point),
            Some(&(low, _, index)) => match self.folded[index][..] {
                // of a run, each code point moves by as much as the first
                [to] => out.push(to + (point - low)),
                ref to => out.extend(to),
            },
        }
    }
}

fn class(word: &'static str) -> Class {
    match word {
        "plain" => Class::Plain,
        "mark" => Class::Mark,
        "space" => Class::Space,
        "invisible" => Class::Invisible,
        never => Class::Never(never),
    }
}
