//! The cells of a column one after the other, each in constant time.

use pickle_core::table::{Categories, Cell, Chunk, Frequency, Meaning, Places, Run, Values};

/// All cells of values that are neither intervals nor categories. `None` where parts of one are missing.
pub(super) fn each<'d>(
    values: &Values<'d>,
    whole: &mut dyn FnMut(Chunk<'d>) -> Chunk<'d>,
    put: &mut dyn FnMut(Cell<'d>) -> Option<()>,
) -> Option<()> {
    match values {
        Values::Run(run) => each_of_run(run, whole, put),
        Values::Masked(data, mask) => {
            for (cell, missing) in data.cells().zip(mask.cells()) {
                put(if matches!(missing, Cell::Bool(true)) { Cell::Null } else { cell })?;
            }
            Some(())
        }
        Values::Sparse { len, values, places, fill } => {
            let number = |cell: Cell<'_>| usize::try_from(cell.as_int()?).ok();
            let (mut values, mut row) = (values.cells(), 0);
            let mut from = |start: usize, count: usize, put: &mut dyn FnMut(Cell<'d>) -> Option<()>| {
                let before = start.checked_sub(row)?;
                if start.checked_add(count)? > *len {
                    return None;
                }
                for _ in 0..before {
                    put(Cell::Value(*fill))?;
                }
                for _ in 0..count {
                    put(values.next()?)?;
                }
                row = start + count;
                Some(())
            };
            match places {
                Places::Rows(rows) => {
                    for row in rows.cells() {
                        from(number(row)?, 1, put)?;
                    }
                }
                Places::Blocks(starts, lengths) => {
                    for (start, count) in starts.cells().zip(lengths.cells()) {
                        from(number(start)?, number(count)?, put)?;
                    }
                }
                _ => return None,
            }
            from(*len, 0, put)
        }
        Values::Stored(stored) => stored.cells().try_for_each(put),
        _ => None,
    }
}

pub(super) fn each_of_run<'d>(
    run: &Run<'d>,
    whole: &mut dyn FnMut(Chunk<'d>) -> Chunk<'d>,
    put: &mut dyn FnMut(Cell<'d>) -> Option<()>,
) -> Option<()> {
    match run {
        Run::Items(list) => list.items()?.map(Cell::Value).try_for_each(put),
        Run::Lane(lane, Meaning::Period(_)) => {
            lane.cells().try_for_each(|cell| put(if matches!(cell, Cell::Int(i64::MIN)) { Cell::Null } else { cell }))
        }
        Run::Lane(lane, _) => lane.cells().try_for_each(put),
        Run::Arrow(arrow) => {
            for chunk in arrow.chunks() {
                let chunk = whole(chunk);
                for at in 0..chunk.len() {
                    put(chunk.cell(at)?)?;
                }
            }
            Some(())
        }
        Run::Pointers(pointers) => {
            let number = |cell: Cell<'_>| usize::try_from(cell.as_int()?).ok();
            let (mut at, mut bounds) = (0i64, pointers.cells());
            let mut last = number(bounds.next()?)?;
            for bound in bounds {
                let bound = number(bound)?;
                for _ in last..bound {
                    put(Cell::Int(at))?;
                }
                (last, at) = (bound, at + 1);
            }
            Some(())
        }
        run => (0..run.len()).try_for_each(|row| put(run.cell(row)?)),
    }
}

/// Labels as text.
pub(super) fn labels(values: &Values<'_>) -> Vec<String> {
    let mut texts = Vec::new();
    let frequency = match values {
        Values::Run(Run::Lane(_, Meaning::Period(frequency))) => Frequency::of(*frequency),
        _ => None,
    };
    let mut put = |cell: Cell<'_>| {
        let mut text = String::new();
        match (&frequency, cell) {
            (Some(frequency), Cell::Int(ordinal)) => frequency.period(ordinal, &mut text).ok()?,
            _ => text = cell.to_string(),
        }
        texts.push(text);
        Some(())
    };
    match values {
        Values::Categorical { codes, categories: Categories::Run(run), .. } => {
            let _: Option<()> = each_of_run(run, &mut |chunk| chunk, &mut put);
            let code = |cell: Cell<'_>| usize::try_from(cell.as_int()?).ok();
            codes.cells().map(|cell| code(cell).and_then(|code| texts.get(code).cloned())).map(or_none).collect()
        }
        Values::Intervals(..) | Values::Categorical { .. } => {
            (0..values.len()).map(|at| interval(values, at)).collect()
        }
        values => {
            let _: Option<()> = each(values, &mut |chunk| chunk, &mut put);
            texts
        }
    }
}

fn or_none(label: Option<String>) -> String {
    label.unwrap_or_else(|| "None".to_owned())
}

fn interval(values: &Values<'_>, at: usize) -> String {
    use pickle_core::table::Closed;
    match values.interval(at) {
        Some(Some(interval)) => {
            let left = if matches!(interval.closed, Closed::Left | Closed::Both) { '[' } else { '(' };
            let right = if matches!(interval.closed, Closed::Right | Closed::Both) { ']' } else { ')' };
            format!("{left}{}, {}{right}", interval.left, interval.right)
        }
        _ => "None".to_owned(),
    }
}

/// Text in quotes, as Python's `repr` has it.
pub(super) fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => {
                if c == '\\' || c == quote {
                    out.push('\\');
                }
                out.push(c);
            }
        }
    }
    out.push(quote);
    out
}
