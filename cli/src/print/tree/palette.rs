//! Colours by role.

use anstyle::{AnsiColor, Style};

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Brackets, commas, names of attributes.
    Plain,
    /// Numbers, None, True, False.
    Number,
    /// str and bytes.
    Text,
    /// Classes and functions.
    Class,
    /// Keys of dicts and names of attributes.
    Key,
    /// Facts about values: sizes, counts of what was left out.
    Note,
    /// Marks of shared values.
    Mark,
}

/// A style for every role.
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    styles: [Style; 7],
}

impl Palette {
    /// No colours.
    pub const fn plain() -> Self {
        Palette { styles: [Style::new(); 7] }
    }

    /// Colours of the terminal's own scheme.
    pub fn colored() -> Self {
        let color = |color: AnsiColor| color.on_default();
        Palette {
            styles: [
                Style::new(),
                color(AnsiColor::Cyan),
                color(AnsiColor::Green),
                color(AnsiColor::Blue).bold(),
                color(AnsiColor::Yellow),
                Style::new().dimmed(),
                color(AnsiColor::Magenta),
            ],
        }
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }
}
