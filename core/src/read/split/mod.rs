//! Where a pickle can be read from the middle: split plans, made by a pass over the opcodes.
//!
//! docs/split-plans.md has the rules and the format of a plan.

mod bytes;
mod look;
mod needs;
mod plan;
mod planner;
mod pump;
mod reader;
mod scan;
mod track;

pub use needs::{SplitNeeds, SplitStart};
pub use plan::{Inside, Split, SplitPlan, Unsplit, UnsplitReason};
pub use planner::{SplitOptions, SplitPlanner};
pub use reader::{SplitError, SplitReader};
pub(crate) use scan::Goal;
