//! Data points: minutes put together to periods, as far as they can be read already.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use jiff::Timestamp;

use super::metric::{Measure, Metric, Statistic};
use super::{DELAY, Hosts, KEPT, Metrics, MetricsFault, Minute, Store};

/// What was measured in a period.
#[derive(Clone, Debug)]
pub(crate) enum Samples {
    /// Something that happened so often: each time counts as a sample of 1.
    Count(u64),
    /// Times.
    Times(crate::latency::Latency),
    /// Numbers that something had.
    Levels(Vec<u64>),
}

/// A question for data points.
#[derive(Clone, Debug)]
pub(crate) struct Question<'a> {
    pub(crate) metric: &'a Metric,
    /// How many minutes a period has.
    pub(crate) minutes: u32,
    /// From the period that this lies in, to before the one that begins at or after its end.
    pub(crate) times: Range<Timestamp>,
    /// When it is asked.
    pub(crate) now: Timestamp,
    pub(crate) fault: Option<MetricsFault>,
}

impl Samples {
    /// A statistic of them.
    pub(crate) fn statistic(&self, statistic: Statistic) -> f64 {
        match self {
            Self::Count(count) => match statistic {
                Statistic::Sum | Statistic::SampleCount => *count as f64,
                _ => 1.0,
            },
            Self::Times(times) => match statistic {
                Statistic::Sum => times.sum().as_secs_f64(),
                Statistic::SampleCount => times.count() as f64,
                Statistic::Average => times.sum().as_secs_f64() / times.count().max(1) as f64,
                Statistic::Minimum => times.shortest().as_secs_f64(),
                Statistic::Maximum => times.longest().as_secs_f64(),
                Statistic::Percentile(share) => times.quantile(share).as_secs_f64(),
            },
            Self::Levels(levels) => {
                let (sum, count) = (levels.iter().sum::<u64>() as f64, levels.len() as f64);
                let mut sorted = levels.clone();
                sorted.sort_unstable();
                let at = |share: f64| {
                    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank is a count")]
                    let rank = ((share * count).ceil() as usize).max(1);
                    sorted.get(rank - 1).copied().unwrap_or_default() as f64
                };
                match statistic {
                    Statistic::Sum => sum,
                    Statistic::SampleCount => count,
                    Statistic::Average => sum / count.max(1.0),
                    Statistic::Minimum => at(0.0),
                    Statistic::Maximum => at(1.0),
                    Statistic::Percentile(share) => at(share),
                }
            }
        }
    }
}

impl Metrics {
    /// Whether anything ever told of such a metric's target group or load balancer.
    pub(crate) fn knows(&self, metric: &Metric) -> bool {
        let store = self.lock();
        let balancer = |hosts: &Hosts| hosts.load_balancers.contains(&metric.load_balancer);
        match &metric.target_group {
            Some(group) => store.hosts.get(group).is_some_and(balancer),
            None => store.hosts.values().any(balancer),
        }
    }

    /// The data points of a metric, by the beginnings of their periods, the oldest first. Periods
    /// begin at multiples of their length since 1970.
    pub(crate) fn read(&self, question: &Question<'_>) -> Vec<(Timestamp, Samples)> {
        let Question { metric, minutes, times, now, fault } = question;
        let delay = match fault {
            Some(MetricsFault::Missing) => return Vec::new(),
            Some(MetricsFault::Late(by)) => *by,
            None => Duration::ZERO,
        };
        let store = self.lock();
        let length = i128::from((*minutes).max(1));
        let period = |minute: i128| minute.div_euclid(length);
        let first = period(store.minute_of(times.start));
        let is_asked_for = |period: i128| period >= first && store.begin_of(period * length) < times.end;
        // The newest minute that can be read.
        let readable = now.as_nanosecond() - i128::try_from((store.scale.of(DELAY) + delay).as_nanos()).unwrap_or(0);
        let end = readable.div_euclid(store.nanoseconds());
        let range = first * length..end.max(first * length);
        let mut periods = BTreeMap::<i128, Vec<Samples>>::new();
        let found =
            if metric.measure.is_of_hosts() { store.hosts(metric, range) } else { store.requests(metric, range) };
        for (minute, samples) in found {
            if is_asked_for(period(minute)) {
                periods.entry(period(minute)).or_default().push(samples);
            }
        }
        let joined = periods
            .into_iter()
            .filter_map(|(period, all)| Some((store.begin_of(period * length), all.into_iter().reduce(Samples::and)?)));
        joined.collect()
    }

    /// Every metric that there are data points of, by its name, as a load balancer's and as a target group's.
    pub(crate) fn list(&self) -> Vec<(&'static str, Metric)> {
        let store = self.lock();
        let mut dimensions: Vec<_> = store.requests.keys().cloned().collect();
        dimensions.extend(store.requests.keys().map(|(balancer, _)| (balancer.clone(), None)));
        for (group, hosts) in &store.hosts {
            dimensions.extend(hosts.load_balancers.iter().map(|balancer| (balancer.clone(), Some(group.clone()))));
        }
        dimensions.sort();
        dimensions.dedup();
        let always = 0..i128::from(i64::MAX);
        let metrics = dimensions.into_iter().flat_map(|(load_balancer, target_group)| {
            super::metric::MEASURES.iter().filter_map(move |(name, measure, by_group)| {
                let told = if target_group.is_some() { *by_group } else { !measure.is_of_hosts() };
                let metric = Metric {
                    measure: *measure,
                    load_balancer: load_balancer.clone(),
                    target_group: target_group.clone(),
                };
                told.then_some((*name, metric))
            })
        });
        let has_points = |metric: &Metric| {
            if metric.measure.is_of_hosts() {
                metric.target_group.as_ref().and_then(|group| store.hosts.get(group)).is_some()
            } else {
                !store.requests(metric, always.clone()).is_empty()
            }
        };
        metrics.filter(|(_, metric)| has_points(metric)).collect()
    }
}

impl Samples {
    /// Those of both.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Count(left), Self::Count(right)) => Self::Count(left + right),
            (Self::Times(mut left), Self::Times(right)) => {
                left.merge(&right);
                Self::Times(left)
            }
            (Self::Levels(mut left), Self::Levels(right)) => {
                left.extend(right);
                Self::Levels(left)
            }
            (left, _) => left,
        }
    }
}

impl Store {
    /// What was measured of requests, in the minutes in which anything was.
    fn requests(&self, metric: &Metric, range: Range<i128>) -> Vec<(i128, Samples)> {
        let fits = |(balancer, group): &(String, Option<String>)| {
            *balancer == metric.load_balancer && (metric.target_group.is_none() || *group == metric.target_group)
        };
        let mut minutes = BTreeMap::<i128, Minute>::new();
        for (_, series) in self.requests.iter().filter(|(key, _)| fits(key)) {
            for (number, minute) in series.range(range.clone()) {
                minutes.entry(*number).or_default().merge(minute);
            }
        }
        minutes.into_iter().filter_map(|(number, minute)| Some((number, minute.samples(metric.measure)?))).collect()
    }

    /// What was measured of targets, in the minutes in which any was registered.
    fn hosts(&self, metric: &Metric, range: Range<i128>) -> Vec<(i128, Samples)> {
        let Some(hosts) = metric.target_group.as_ref().and_then(|group| self.hosts.get(group)) else {
            return Vec::new();
        };
        let Some((first, _)) = hosts.changes.first() else { return Vec::new() };
        if !hosts.load_balancers.contains(&metric.load_balancer) {
            return Vec::new();
        }
        let begin = range.start.max(self.minute_of(*first)).max(range.end - KEPT as i128);
        let minutes = (begin..range.end).filter_map(|minute| {
            let (from, to) = (self.begin_of(minute), self.begin_of(minute + 1));
            let before = hosts.changes.iter().rev().find(|(at, _)| *at <= from);
            let within = hosts.changes.iter().filter(|(at, _)| *at > from && *at < to);
            let levels: Vec<u64> = before
                .into_iter()
                .chain(within)
                .filter(|(_, count)| count.registered > 0)
                .map(|(_, count)| if metric.measure == Measure::Healthy { count.healthy } else { count.unhealthy })
                .collect();
            (!levels.is_empty()).then_some((minute, Samples::Levels(levels)))
        });
        minutes.collect()
    }
}

impl Minute {
    /// None when it never happened: "reported if there is a nonzero value".
    fn samples(&self, measure: Measure) -> Option<Samples> {
        let count = match measure {
            Measure::Requests => self.requests,
            Measure::Answers(class) => self.answers.get(&class).copied().unwrap_or_default(),
            Measure::Unanswered(from, to) => self.unanswered.range(from..=to).map(|(_, count)| count).sum(),
            Measure::ConnectionErrors => self.connection_errors,
            Measure::ResponseTime => {
                return (self.times.count() > 0).then(|| Samples::Times(self.times.clone()));
            }
            Measure::Healthy | Measure::Unhealthy => 0,
        };
        (count > 0).then_some(Samples::Count(count))
    }
}
