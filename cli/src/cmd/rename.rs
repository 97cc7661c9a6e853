//! Other names for modules, classes and functions: `--rename`, and what libraries moved.

use clap::ValueEnum;
use pickle_core::GlobalName;
use std::str::FromStr;

/// `OLD=NEW`: a module with all below it, or one class or function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    old: String,
    new: String,
}

impl FromStr for Rename {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((old, new)) if !old.is_empty() && !new.is_empty() => Ok(Rename { old: old.into(), new: new.into() }),
            _ => Err("expected OLD=NEW, such as numpy._core=numpy.core".into()),
        }
    }
}

impl Rename {
    /// The new module and name, where the rule is about this global.
    pub fn apply(&self, module: &str, name: &str) -> Option<GlobalName<String>> {
        if let Some(rest) = below(module, &self.old) {
            return Some(GlobalName::new(format!("{}{rest}", self.new), name.into()));
        }
        // One class or function, and what is nested in it.
        let old = self.old.strip_prefix(module)?.strip_prefix('.')?;
        let rest = below(name, old)?;
        let (module, new) = self.new.rsplit_once('.')?;
        Some(GlobalName::new(module.into(), format!("{new}{rest}")))
    }
}

/// What follows a dotted name in another one that is equal to it or below it.
fn below<'n>(name: &'n str, of: &str) -> Option<&'n str> {
    name.strip_prefix(of).filter(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Libraries that moved modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// numpy 1: numpy.core
    Numpy1,
    /// numpy 2: numpy._core
    Numpy2,
    /// pandas 1 and 2, for pickles of 0.x
    Pandas,
    /// pandas 1, for pickles of 0.x and later ones
    Pandas1,
    /// pandas 2, for pickles of others
    Pandas2,
    /// pandas 3, for pickles of older ones
    Pandas3,
    /// scikit-learn 0.22 and later, for pickles of older ones
    Sklearn,
}

impl Target {
    /// The rules, the special ones first.
    pub fn rules(self) -> impl Iterator<Item = Rename> {
        type Rules = &'static [(&'static str, &'static str)];
        let rules: &[Rules] = match self {
            Target::Numpy1 => &[&[("numpy._core", "numpy.core")]],
            Target::Numpy2 => &[&[("numpy.core", "numpy._core")]],
            Target::Pandas => &[PANDAS],
            Target::Pandas1 => &[BEFORE_PANDAS3, &[(SPARSE_2, SPARSE_1)], PANDAS],
            Target::Pandas2 => &[BEFORE_PANDAS3, &[(SPARSE_1, SPARSE_2)], PANDAS],
            Target::Pandas3 => &[PANDAS3, &[(SPARSE_1, SPARSE_2)], PANDAS],
            Target::Sklearn => &[SKLEARN],
        };
        rules.iter().flat_map(|rules| rules.iter()).map(|&(old, new)| Rename { old: old.into(), new: new.into() })
    }
}

/// Where the dtype of sparse arrays is before pandas 2.1, and since.
const SPARSE_1: &str = "pandas.core.arrays.sparse.dtype.SparseDtype";
const SPARSE_2: &str = "pandas.core.dtypes.dtypes.SparseDtype";

/// What pandas 3 named anew.
const PANDAS3: &[(&str, &str)] = &[
    ("pandas.tslib.__nat_unpickle", "pandas._libs.tslibs.nattype._nat_unpickle"),
    ("pandas._libs.tslib.__nat_unpickle", "pandas._libs.tslibs.nattype._nat_unpickle"),
    ("pandas._libs.tslibs.nattype.__nat_unpickle", "pandas._libs.tslibs.nattype._nat_unpickle"),
];

/// The same back. `_new_TimedeltaIndex` does what `_new_Index` does.
const BEFORE_PANDAS3: &[(&str, &str)] = &[
    ("pandas._libs.tslibs.nattype._nat_unpickle", "pandas._libs.tslibs.nattype.__nat_unpickle"),
    ("pandas.core.indexes.timedeltas._new_TimedeltaIndex", "pandas.core.indexes.base._new_Index"),
];

/// `pandas/compat/pickle_compat.py`, `_class_locations_map`, and what it no longer has.
const PANDAS: &[(&str, &str)] = &[
    ("pandas.core.base.FrozenNDArray", "numpy.ndarray"),
    ("pandas.core.indexes.frozen.FrozenNDArray", "numpy.ndarray"),
    ("pandas.core.base.FrozenList", "pandas.core.indexes.frozen.FrozenList"),
    ("pandas.core.series.TimeSeries", "pandas.core.series.Series"),
    ("pandas.sparse.array.SparseArray", "pandas.core.arrays.sparse.SparseArray"),
    ("pandas.core.sparse.array.SparseArray", "pandas.core.arrays.sparse.SparseArray"),
    ("pandas.core.datetools.BDay", "pandas.tseries.offsets.BDay"),
    ("pandas._sparse", "pandas._libs.sparse"),
    ("pandas.tslib.Timestamp", "pandas._libs.tslibs.timestamps.Timestamp"),
    ("pandas.tslib.__nat_unpickle", "pandas._libs.tslibs.nattype.__nat_unpickle"),
    ("pandas._libs.tslib.__nat_unpickle", "pandas._libs.tslibs.nattype.__nat_unpickle"),
    ("pandas._period.Period", "pandas._libs.tslibs.period.Period"),
    ("pandas._libs.period.Period", "pandas._libs.tslibs.period.Period"),
    ("pandas.core.index._new_Index", "pandas.core.indexes.base._new_Index"),
    ("pandas.core.index.Index", "pandas.core.indexes.base.Index"),
    ("pandas.core.index.MultiIndex", "pandas.core.indexes.multi.MultiIndex"),
    ("pandas.core.index.Int64Index", "pandas.core.indexes.base.Index"),
    ("pandas.core.index.Float64Index", "pandas.core.indexes.base.Index"),
    ("pandas.indexes.base._new_Index", "pandas.core.indexes.base._new_Index"),
    ("pandas.indexes.numeric.Int64Index", "pandas.core.indexes.base.Index"),
    ("pandas.indexes.numeric.Float64Index", "pandas.core.indexes.base.Index"),
    ("pandas.core.indexes.numeric.Int64Index", "pandas.core.indexes.base.Index"),
    ("pandas.core.indexes.numeric.UInt64Index", "pandas.core.indexes.base.Index"),
    ("pandas.core.indexes.numeric.Float64Index", "pandas.core.indexes.base.Index"),
    ("pandas.core.indexes.numeric.NumericIndex", "pandas.core.indexes.base.Index"),
    ("pandas.indexes", "pandas.core.indexes"),
    ("pandas.tseries.index._new_DatetimeIndex", "pandas.core.indexes.datetimes._new_DatetimeIndex"),
    ("pandas.tseries.index.DatetimeIndex", "pandas.core.indexes.datetimes.DatetimeIndex"),
    ("pandas.tseries.period.PeriodIndex", "pandas.core.indexes.period.PeriodIndex"),
    ("pandas.tseries.tdi.TimedeltaIndex", "pandas.core.indexes.timedeltas.TimedeltaIndex"),
    ("pandas.core.categorical.Categorical", "pandas.core.arrays.categorical.Categorical"),
];

/// Modules that got an underscore in 0.22 ("What's new", deprecated import paths), and joblib, which moved out.
const SKLEARN: &[(&str, &str)] = &[
    ("sklearn.externals.joblib", "joblib"),
    ("sklearn.tree.tree", "sklearn.tree._classes"),
    ("sklearn.ensemble.forest", "sklearn.ensemble._forest"),
    ("sklearn.ensemble.gradient_boosting", "sklearn.ensemble._gb"),
    ("sklearn.ensemble.bagging", "sklearn.ensemble._bagging"),
    ("sklearn.ensemble.weight_boosting", "sklearn.ensemble._weight_boosting"),
    ("sklearn.ensemble.voting_classifier", "sklearn.ensemble._voting"),
    ("sklearn.ensemble.iforest", "sklearn.ensemble._iforest"),
    ("sklearn.linear_model.base", "sklearn.linear_model._base"),
    ("sklearn.linear_model.logistic", "sklearn.linear_model._logistic"),
    ("sklearn.linear_model.ridge", "sklearn.linear_model._ridge"),
    ("sklearn.linear_model.coordinate_descent", "sklearn.linear_model._coordinate_descent"),
    ("sklearn.linear_model.stochastic_gradient", "sklearn.linear_model._stochastic_gradient"),
    ("sklearn.svm.classes", "sklearn.svm._classes"),
    ("sklearn.neighbors.classification", "sklearn.neighbors._classification"),
    ("sklearn.neighbors.regression", "sklearn.neighbors._regression"),
    ("sklearn.neighbors.unsupervised", "sklearn.neighbors._unsupervised"),
    ("sklearn.neighbors.kd_tree", "sklearn.neighbors._kd_tree"),
    ("sklearn.neighbors.ball_tree", "sklearn.neighbors._ball_tree"),
    ("sklearn.neighbors.dist_metrics", "sklearn.metrics._dist_metrics"),
    ("sklearn.cluster.k_means_", "sklearn.cluster._kmeans"),
    ("sklearn.cluster.dbscan_", "sklearn.cluster._dbscan"),
    ("sklearn.decomposition.pca", "sklearn.decomposition._pca"),
    ("sklearn.decomposition.nmf", "sklearn.decomposition._nmf"),
    ("sklearn.decomposition.truncated_svd", "sklearn.decomposition._truncated_svd"),
    ("sklearn.preprocessing.data", "sklearn.preprocessing._data"),
    ("sklearn.preprocessing.label", "sklearn.preprocessing._label"),
    ("sklearn.preprocessing.imputation", "sklearn.impute._base"),
    ("sklearn.neural_network.multilayer_perceptron", "sklearn.neural_network._multilayer_perceptron"),
    ("sklearn.gaussian_process.gpr", "sklearn.gaussian_process._gpr"),
    ("sklearn.gaussian_process.gpc", "sklearn.gaussian_process._gpc"),
    ("sklearn.feature_selection.univariate_selection", "sklearn.feature_selection._univariate_selection"),
    ("sklearn.mixture.gaussian_mixture", "sklearn.mixture._gaussian_mixture"),
];

#[cfg(test)]
mod tests {
    use super::{Rename, Target};
    use pickle_core::GlobalName;

    fn apply(rule: &str, module: &str, name: &str) -> Option<String> {
        let GlobalName { module, name } = rule.parse::<Rename>().unwrap().apply(module, name)?;
        Some(format!("{module}:{name}"))
    }

    #[test]
    fn what_moved_between_versions() {
        let to = |target: Target, module: &str, name: &str| {
            let new = target.rules().find_map(|rule| rule.apply(module, name))?;
            Some(format!("{}:{}", new.module, new.name))
        };
        let nat = "pandas._libs.tslibs.nattype";
        for target in [Target::Pandas1, Target::Pandas2] {
            assert_eq!(to(target, nat, "_nat_unpickle"), Some(format!("{nat}:__nat_unpickle")));
            assert_eq!(to(target, nat, "__nat_unpickle"), None);
            let index = to(target, "pandas.core.indexes.timedeltas", "_new_TimedeltaIndex");
            assert_eq!(index.as_deref(), Some("pandas.core.indexes.base:_new_Index"));
        }
        for module in [nat, "pandas.tslib", "pandas._libs.tslib"] {
            assert_eq!(to(Target::Pandas3, module, "__nat_unpickle"), Some(format!("{nat}:_nat_unpickle")));
        }
        let (old, new) = ("pandas.core.arrays.sparse.dtype", "pandas.core.dtypes.dtypes");
        assert_eq!(to(Target::Pandas1, new, "SparseDtype"), Some(format!("{old}:SparseDtype")));
        for target in [Target::Pandas2, Target::Pandas3] {
            assert_eq!(to(target, old, "SparseDtype"), Some(format!("{new}:SparseDtype")));
            for name in ["Int64Index", "UInt64Index", "Float64Index", "NumericIndex"] {
                let index = to(target, "pandas.core.indexes.numeric", name);
                assert_eq!(index.as_deref(), Some("pandas.core.indexes.base:Index"));
            }
        }
        assert_eq!(
            to(Target::Numpy1, "numpy._core.numeric", "_frombuffer").as_deref(),
            Some("numpy.core.numeric:_frombuffer")
        );
        assert_eq!(to(Target::Numpy2, "numpy.core", "x").as_deref(), Some("numpy._core:x"));
    }

    #[test]
    fn modules_and_single_names() {
        let core = "numpy._core=numpy.core";
        assert_eq!(apply(core, "numpy._core.multiarray", "scalar").as_deref(), Some("numpy.core.multiarray:scalar"));
        assert_eq!(apply(core, "numpy._core", "x").as_deref(), Some("numpy.core:x"));
        assert_eq!(apply(core, "numpy._core2", "x"), None);
        let one = "shop.Item=store.items.Thing";
        assert_eq!(apply(one, "shop", "Item").as_deref(), Some("store.items:Thing"));
        assert_eq!(apply(one, "shop", "Item.Kind").as_deref(), Some("store.items:Thing.Kind"));
        assert_eq!(apply(one, "shop", "Items"), None);
        assert_eq!(apply(one, "workshop", "Item"), None);
        assert!("a".parse::<Rename>().is_err());
    }
}
