//! The items of arrays of NumPy, in C order.

use pickle_core::Value;
use pickle_core::known::{Array, DType, DTypeField, Data as ArrayData, Masked, Octets, Subarray};
use pickle_core::table::Cell;
use std::borrow::Cow;
use std::rc::Rc;

/// More axes than NumPy has ever had make no array.
const AXES: usize = 64;

/// Items of an axis beside one without any: brackets around nothing can be many. Also items that take no bytes.
const EMPTY: usize = 1000;

/// Records inside records that are looked into.
const LEVELS: usize = 8;

/// Items of an array, or of a part of it.
#[derive(Clone)]
pub struct Cells<'d> {
    dtype: DType<'d>,
    /// Items along each axis.
    shape: Vec<usize>,
    /// Items, as they lie in memory, from one to the next along each axis.
    strides: Vec<usize>,
    /// The place of the first item.
    start: usize,
    data: Rc<Data<'d>>,
    /// Not 0 for items that count for nothing, in the order of the data. Of records, one for each number or text in them.
    mask: Option<Rc<[u8]>>,
}

enum Data<'d> {
    Bytes(Cow<'d, [u8]>),
    Objects(Vec<Value<'d>>),
}

/// One item.
pub enum Item<'c, 'd> {
    /// By its bytes.
    Bytes(&'c [u8]),
    /// A record by its bytes, of which some parts count for nothing: not 0 for these, see [`leaves`].
    Part(&'c [u8], &'c [u8]),
    /// An object.
    Value(Value<'d>),
}

impl<'d> Cells<'d> {
    /// The items of an array; `None` where they are not at hand, or of a type that only NumPy can read.
    pub fn of(array: &Array<'d>) -> Option<Self> {
        let shape: Vec<usize> = array.axes().take(AXES + 1).map(|axis| axis?.try_into().ok()).collect::<Option<_>>()?;
        if shape.len() > AXES || shape.contains(&0) && shape.iter().any(|&axis| axis > EMPTY) {
            return None;
        }
        let len = shape.iter().try_fold(1usize, |len, axis| len.checked_mul(*axis))?;
        let data = match array.data {
            ArrayData::Bytes(octets) => {
                let size = usize::try_from(array.dtype.size).ok()?;
                if !is_readable(&array.dtype, LEVELS) || size == 0 && len > EMPTY {
                    return None;
                }
                if len.checked_mul(size)? != octets.len() {
                    return None;
                }
                Data::Bytes(match octets.as_slice() {
                    Some(slice) => slice.into(),
                    None => octets.collect::<Vec<u8>>().into(),
                })
            }
            ArrayData::Objects(list) => Data::Objects(list.items().filter(|items| items.len() == len)?.collect()),
            _ => return None,
        };
        let strides = strides(&shape, array.fortran);
        Some(Cells { dtype: array.dtype, shape, strides, start: 0, data: Rc::new(data), mask: None })
    }

    /// The items of a masked array, of which those that count for nothing are not there.
    pub fn masked(masked: &Masked<'d>) -> Option<Self> {
        let cells = Cells::of(&masked.array)?;
        let mask: Rc<[u8]> = masked.mask.collect();
        let len = masked.array.len()?.checked_mul(leaves(&cells.dtype) as u64);
        let fits = Some(mask.len() as u64) == len && masked.fortran == masked.array.fortran;
        fits.then_some(Cells { mask: Some(mask), ..cells })
    }

    /// Items along each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// What an item is.
    pub fn dtype(&self) -> &DType<'d> {
        &self.dtype
    }

    /// The items are objects.
    pub fn is_objects(&self) -> bool {
        matches!(*self.data, Data::Objects(_))
    }

    /// Number `index` along the first axis: an item, or an array of one axis less. `None` where there is none.
    pub fn at(&self, index: usize) -> Option<Cells<'d>> {
        let (&len, shape) = self.shape.split_first()?;
        let (&stride, strides) = self.strides.split_first()?;
        if index >= len {
            return None;
        }
        let start = self.start + index * stride;
        Some(Cells {
            shape: shape.to_vec(),
            strides: strides.to_vec(),
            start,
            data: self.data.clone(),
            mask: self.mask.clone(),
            dtype: self.dtype,
        })
    }

    /// A field of all items, by its name.
    pub fn field(&self, name: &str) -> Option<Cells<'d>> {
        let Data::Bytes(bytes) = &*self.data else { return None };
        let field = fields(&self.dtype).find(|field| field.name == name)?;
        let size = usize::try_from(self.dtype.size).ok()?;
        let (from, len) = (usize::try_from(field.offset).ok()?, usize::try_from(field.dtype.size).ok()?);
        let before = fields(&self.dtype).take_while(|field| field.name != name).map(|field| leaves(&field.dtype));
        let (of, before, own) = (leaves(&self.dtype), before.sum::<usize>(), leaves(&field.dtype));
        let (mut copy, mut masks) = (Vec::new(), self.mask.as_ref().map(|_| Vec::new()));
        for place in Nested::of(self).filter_map(Token::place) {
            let start = place.checked_mul(size)?.checked_add(from)?;
            copy.extend_from_slice(bytes.get(start..start.checked_add(len)?)?);
            if let (Some(masks), Some(mask)) = (&mut masks, &self.mask) {
                let start = place.checked_mul(of)?.checked_add(before)?;
                masks.extend_from_slice(mask.get(start..start.checked_add(own)?)?);
            }
        }
        let strides = strides(&self.shape, false);
        let (data, mask) = (Rc::new(Data::Bytes(copy.into())), masks.map(Rc::from));
        Some(Cells { dtype: field.dtype, shape: self.shape.clone(), strides, start: 0, data, mask })
    }

    /// The item at a place of [`Nested`]; `None` for one that is masked.
    pub fn item(&self, place: usize) -> Option<Item<'_, 'd>> {
        let leaves = leaves(&self.dtype);
        let mask = match &self.mask {
            Some(mask) => mask.get(place.checked_mul(leaves)?..place.checked_add(1)?.checked_mul(leaves)?)?,
            None => &[],
        };
        let masked = mask.iter().any(|flag| *flag != 0);
        if masked && self.dtype.fields.is_none() && self.dtype.subarray.is_none() {
            return None;
        }
        match &*self.data {
            Data::Bytes(bytes) => {
                let size = usize::try_from(self.dtype.size).ok()?;
                let start = place.checked_mul(size)?;
                let bytes = bytes.get(start..start.checked_add(size)?)?;
                Some(if masked { Item::Part(bytes, mask) } else { Item::Bytes(bytes) })
            }
            Data::Objects(values) => values.get(place).copied().map(Item::Value),
        }
    }

    /// The objects of an array of objects, in C order.
    pub fn values(self) -> impl Iterator<Item = Value<'d>> {
        let places = Nested::of(&self).filter_map(Token::place);
        places.filter_map(move |place| match self.data.as_ref() {
            Data::Objects(values) => values.get(place).copied(),
            Data::Bytes(_) => None,
        })
    }

    /// Where all items are, in C order.
    pub fn places(&self) -> impl Iterator<Item = usize> + use<> {
        Nested::of(self).filter_map(Token::place)
    }

    /// All items that are not masked, in C order.
    pub fn items(&self) -> impl Iterator<Item = Item<'_, 'd>> {
        self.places().filter_map(|place| self.item(place))
    }
}

fn strides(shape: &[usize], fortran: bool) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    let mut step = 1usize;
    let mut axis = |at: usize| {
        strides[at] = step;
        step = step.saturating_mul(shape[at]);
    };
    if fortran {
        (0..shape.len()).for_each(&mut axis)
    } else {
        (0..shape.len()).rev().for_each(&mut axis)
    }
    strides
}

/// The fields of a structured type. One that does not lie inside its item ends them.
pub fn fields<'d>(dtype: &DType<'d>) -> impl Iterator<Item = DTypeField<'d>> + use<'d> {
    let dtype = *dtype;
    (0..dtype.field_count()).map_while(move |at| dtype.field(at))
}

/// Items of an array inside an item: their type, and the items along each axis.
pub fn subarray<'d>(dtype: &DType<'d>) -> Option<(DType<'d>, Vec<usize>)> {
    let Subarray { dtype: inner, shape } = dtype.subarray?;
    let inner = DType::of(inner)?;
    let axes = match shape.items() {
        Some(axes) => axes.take(AXES).map(|axis| axis.as_u64()?.try_into().ok()).collect::<Option<Vec<_>>>()?,
        None => vec![usize::try_from(shape.as_u64()?).ok()?],
    };
    let len = axes.iter().try_fold(1u64, |len, axis| len.checked_mul(*axis as u64))?;
    let fits = inner.size != 0 && len.checked_mul(inner.size) == Some(dtype.size);
    (fits && inner.subarray.is_none()).then_some((inner, axes))
}

/// Numbers and texts in an item, each of which a masked array masks for itself: those of its fields and arrays. One for an
/// item that is no record.
pub fn leaves(dtype: &DType<'_>) -> usize {
    if let Some((inner, axes)) = subarray(dtype) {
        return axes.iter().fold(leaves(&inner), |all, axis| all.saturating_mul(*axis));
    }
    match dtype.fields {
        Some(_) => fields(dtype).fold(0, |all: usize, field| all.saturating_add(leaves(&field.dtype))),
        None => 1,
    }
}

/// Items of this type have a meaning here.
pub fn is_readable(dtype: &DType<'_>, levels: usize) -> bool {
    let Some(below) = levels.checked_sub(1) else { return false };
    if dtype.subarray.is_some() {
        return subarray(dtype).is_some_and(|(inner, _)| is_readable(&inner, below));
    }
    match dtype.kind {
        b'b' => dtype.size == 1,
        b'i' | b'u' => matches!(dtype.size, 1 | 2 | 4 | 8),
        b'f' => matches!(dtype.size, 2 | 4 | 8),
        b'c' => matches!(dtype.size, 8 | 16),
        b'M' | b'm' => dtype.size == 8,
        b'S' | b'a' => true,
        // Two bytes are a character in UTF-16.
        b'U' => dtype.size == 2 || dtype.size.is_multiple_of(4),
        b'V' if dtype.fields.is_some() => {
            let count = fields(dtype).filter(|field| is_readable(&field.dtype, below)).count();
            count == dtype.field_count() && count != 0
        }
        _ => false,
    }
}

/// The cell of an item that is no record.
pub fn cell<'b>(dtype: &DType<'b>, bytes: &'b [u8]) -> Cell<'b> {
    Cell::item(dtype, Octets::raw(bytes))
}

/// What is met on the way through nested lists.
pub enum Token {
    /// A list begins.
    Open,
    /// The list ends.
    Close,
    /// The item at this place of the data.
    Item(usize),
}

impl Token {
    /// The place of an item.
    pub fn place(self) -> Option<usize> {
        if let Token::Item(place) = self { Some(place) } else { None }
    }
}

/// An array as lists of lists, in C order.
pub struct Nested {
    shape: Vec<usize>,
    strides: Vec<usize>,
    index: Vec<usize>,
    place: usize,
    next: Next,
}

enum Next {
    Down,
    Up,
    Shut,
    Done,
}

impl Nested {
    /// All of an array.
    pub fn of(cells: &Cells<'_>) -> Self {
        let (shape, strides) = (cells.shape.clone(), cells.strides.clone());
        Nested { shape, strides, index: Vec::new(), place: cells.start, next: Next::Down }
    }
}

impl Iterator for Nested {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            match self.next {
                Next::Done => return None,
                Next::Down => match self.shape.get(self.index.len()) {
                    None => {
                        self.next = if self.index.is_empty() { Next::Done } else { Next::Up };
                        return Some(Token::Item(self.place));
                    }
                    Some(&len) => {
                        self.next = if len == 0 { Next::Shut } else { Next::Down };
                        self.index.push(0);
                        return Some(Token::Open);
                    }
                },
                Next::Up => {
                    let level = self.index.len().checked_sub(1)?;
                    let (len, stride) = (*self.shape.get(level)?, *self.strides.get(level)?);
                    let at = self.index.last_mut()?;
                    *at += 1;
                    self.place += stride;
                    if *at < len {
                        self.next = Next::Down;
                        continue;
                    }
                    self.place -= stride * len;
                    self.next = Next::Shut;
                }
                Next::Shut => {
                    self.index.pop();
                    self.next = if self.index.is_empty() { Next::Done } else { Next::Up };
                    return Some(Token::Close);
                }
            }
        }
    }
}
