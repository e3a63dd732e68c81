//! A learner with what is done to the rows first.

use botdet_models::rows::Rows;

use super::{ClassWeight, SmoteConfig};
use crate::zoo::{Classifier, Learner, Sample, Session, Standardiser, ZooError};

/// A learner that sees rows prepared. All that preparation learns, it learns from the rows learned from: inside a
/// cross-validation nothing of the rows judged gets in.
pub struct Prepared {
    /// Who learns.
    pub learner: Box<dyn Learner>,
    /// Fill gaps with the column's median.
    pub impute: bool,
    /// Bring columns to mean 0 and standard deviation 1.
    pub scale: bool,
    /// Add synthetic bots.
    pub smote: Option<SmoteConfig>,
    /// Weigh the classes; of the rows as they are with synthetic bots.
    pub class_weight: ClassWeight,
}

impl Prepared {
    /// A learner that sees rows as they are.
    #[must_use]
    pub fn new(learner: Box<dyn Learner>) -> Self {
        Self { learner, impute: false, scale: false, smote: None, class_weight: ClassWeight::Equal }
    }
}

impl Learner for Prepared {
    fn name(&self) -> &'static str {
        self.learner.name()
    }

    fn fit(&self, sample: Sample<'_>, session: &mut Session<'_>) -> Result<Box<dyn Classifier>, ZooError> {
        if let ClassWeight::Ratio(value) = self.class_weight
            && !(1e-9..=1e9).contains(&value)
        {
            let (learner, name, low, high) = (self.name(), "class weight", 1e-9, 1e9);
            return Err(ZooError::Setting { learner, name, value, low, high });
        }
        let preparation = (self.impute || self.scale).then(|| Preparation {
            standardiser: Standardiser::fit(sample),
            impute: self.impute,
            scale: self.scale,
        });
        let enlarged = self.smote.map(|smote| smote.enlarge(sample, session.seed, session.threads));
        let sample = match &enlarged {
            Some(enlarged) => Sample::new(&enlarged.rows, &enlarged.labels, &enlarged.weights)?,
            None => sample,
        };
        let rows = preparation.as_ref().map(|preparation| preparation.apply(sample.rows()));
        let weights = self.class_weight.weights(sample);
        let sample = Sample::new(rows.as_ref().unwrap_or(sample.rows()), sample.labels(), &weights)?;
        let classifier = self.learner.fit(sample, session)?;
        Ok(match preparation {
            Some(preparation) => Box::new(PreparedClassifier { preparation, classifier }),
            None => classifier,
        })
    }
}

/// What preparation has learned.
struct Preparation {
    standardiser: Standardiser,
    impute: bool,
    scale: bool,
}

impl Preparation {
    fn apply(&self, rows: &Rows) -> Rows {
        self.standardiser.apply(rows, self.impute, self.scale)
    }
}

struct PreparedClassifier {
    preparation: Preparation,
    classifier: Box<dyn Classifier>,
}

impl Classifier for PreparedClassifier {
    fn probabilities(&self, rows: &Rows) -> Vec<f64> {
        self.classifier.probabilities(&self.preparation.apply(rows))
    }
}
