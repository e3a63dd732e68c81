//! Kinds of attack.

macro_rules! attacks {
    ($($name:ident $text:literal $meaning:literal)*) => {
        /// A way in which engagement is faked.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Attack {
            $(#[doc = $meaning] $name),*
        }

        impl Attack {
            /// All of them.
            pub const ALL: [Self; 12] = [$(Self::$name),*];

            /// Name in SQL.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// What it looks like.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning),* }
            }
        }
    };
}

attacks! {
    BoostProgressive "boost_progressive" "grows over days without ever slackening"
    BurstsSmall "bursts_small" "several short bursts at no regular times"
    WaveSpam "wave_spam" "rises and falls in regular waves"
    SingleSpike "single_spike" "one burst of few hours that ends as suddenly as it began"
    OffPeakBursts "off_peak_bursts" "bursts at night, when the audience sleeps"
    SynchronizedBots "synchronized_bots" "bursts of all metrics at once, at regular times"
    LikeOnlyInflation "like_only_inflation" "likes alone, without the views they need"
    CommentFlood "comment_flood" "comments alone, within hours"
    DripFeed "drip_feed" "a little more of everything that was bought, evenly for days"
    WeekendSurge "weekend_surge" "weekends as a whole, unlike other days"
    RatioSkew "ratio_skew" "metrics that no longer fit one another"
    CopyPasteCurve "copy_paste_curve" "one curve that comes again and again"
}
