//! Reports as rows, one per server and service, and the rows of a service added up.

use std::collections::BTreeMap;

use super::{Percent, Reason, Report, Rules, Running, Sample, Status, Vitals};
use crate::domain::moment::Wall;

/// One service on one server; or a server of which no service is known.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    pub server: String,
    pub service: Option<String>,
    pub status: Status,
    pub cpu: Option<Percent>,
    pub memory: Option<Percent>,
    /// Of the server.
    pub vitals: Vitals,
    pub running: Option<Running>,
    pub reasons: Vec<Reason>,
    /// Why nothing, or not all, is known.
    pub remarks: Vec<String>,
    /// As in the report.
    pub sampled: Option<Wall>,
}

/// A service over all its servers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary {
    pub service: String,
    pub status: Status,
    /// Averages over the servers whose value is known.
    pub cpu: Option<Percent>,
    pub memory: Option<Percent>,
    pub healthy: usize,
    pub total: usize,
    /// The oldest of its rows that a supervisor sampled.
    pub sampled: Option<Wall>,
}

/// The rows of `reports`, in their order.
#[must_use]
pub fn rows(reports: &[Report], rules: &Rules) -> Vec<Row> {
    reports.iter().flat_map(|report| of(report, rules)).collect()
}

fn of(report: &Report, rules: &Rules) -> Vec<Row> {
    match &report.outcome {
        Ok(sample) if sample.services.is_empty() => vec![row(report, sample, None, rules)],
        Ok(sample) => sample
            .services
            .iter()
            .map(|service| row(report, sample, Some((&service.name, &service.running)), rules))
            .collect(),
        Err(trouble) => vec![Row {
            server: report.server.clone(),
            service: None,
            status: Status::Unknown,
            cpu: None,
            memory: None,
            vitals: Vitals::default(),
            running: None,
            reasons: Vec::new(),
            remarks: vec![trouble.to_string()],
            sampled: None,
        }],
    }
}

fn row(report: &Report, sample: &Sample, service: Option<(&String, &Running)>, rules: &Rules) -> Row {
    let name = service.map(|(name, _)| name.clone());
    let running = service.map(|(_, running)| running);
    let (status, reasons) = rules.thresholds(name.as_deref()).judge(sample.cpu, sample.memory, running);
    Row {
        server: report.server.clone(),
        service: name,
        status,
        cpu: sample.cpu,
        memory: sample.memory,
        vitals: sample.vitals,
        running: running.cloned(),
        reasons,
        remarks: sample.remarks.clone(),
        sampled: report.sampled,
    }
}

/// Each service that has a row, by name.
///
/// A service is unhealthy when its average CPU or memory is over the threshold, or when none of its
/// servers is healthy and at least one is not; unknown when nothing is known of any.
#[must_use]
pub fn summaries(rows: &[Row], rules: &Rules) -> Vec<Summary> {
    let mut services: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        if let Some(service) = &row.service {
            services.entry(service).or_default().push(row);
        }
    }
    services.into_iter().map(|(service, rows)| summary(service, &rows, rules)).collect()
}

fn summary(service: &str, rows: &[&Row], rules: &Rules) -> Summary {
    let cpu = Percent::average(rows.iter().filter_map(|row| row.cpu));
    let memory = Percent::average(rows.iter().filter_map(|row| row.memory));
    let count = |status| rows.iter().filter(|row| row.status == status).count();
    let (healthy, unhealthy) = (count(Status::Healthy), count(Status::Unhealthy));
    let (averaged, _) = rules.thresholds(Some(service)).judge(cpu, memory, None);
    let status = if healthy == 0 && unhealthy > 0 { Status::Unhealthy } else { averaged };
    // Averages of which each half is another server's say nothing of any.
    let status = if healthy == 0 && status == Status::Healthy { Status::Unknown } else { status };
    let sampled = rows.iter().filter_map(|row| row.sampled).min();
    Summary { service: service.to_owned(), status, cpu, memory, healthy, total: rows.len(), sampled }
}

/// The services with fewer than so many healthy servers, the worst first.
#[must_use]
pub fn short_of(min_healthy: usize, mut summaries: Vec<Summary>) -> Vec<Summary> {
    summaries.retain(|summary| summary.healthy < min_healthy);
    summaries.sort_by_key(|summary| summary.healthy);
    summaries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::health::{Service, Trouble};

    fn report(server: &str, service: &str, cpu: f64, memory: f64) -> Report {
        let services = vec![Service { name: service.into(), running: Running::Yes }];
        let sample =
            Sample { cpu: Percent::new(cpu).ok(), memory: Percent::new(memory).ok(), services, ..Sample::default() };
        Report { server: server.into(), outcome: Ok(sample), sampled: None }
    }

    fn fleet() -> Vec<Report> {
        vec![
            report("a", "User", 60.0, 10.0),
            report("b", "User", 95.0, 20.0),
            report("c", "Auth", 99.0, 1.0),
            report("d", "User", 1000.0, 30.0),
            Report { server: "e".into(), outcome: Err(Trouble::Failed("no".into())), sampled: None },
        ]
    }

    #[test]
    fn averages_are_of_what_is_known() {
        let rules = Rules::default();
        let summaries = summaries(&rows(&fleet(), &rules), &rules);
        let [auth, user] = &summaries[..] else { panic!("{summaries:?}") };
        assert_eq!((auth.status, auth.healthy, auth.total), (Status::Unhealthy, 0, 1));
        assert_eq!((user.status, user.healthy, user.total), (Status::Healthy, 1, 3));
        assert_eq!(user.cpu.unwrap().to_string(), "77.50%");
        assert_eq!(user.memory.unwrap().to_string(), "20.00%");
    }

    #[test]
    fn short_are_services_with_fewer_than_asked_for() {
        let rules = Rules::default();
        let all = summaries(&rows(&fleet(), &rules), &rules);
        let names = |n| short_of(n, all.clone()).into_iter().map(|s| s.service).collect::<Vec<_>>();
        assert_eq!(names(0), Vec::<String>::new());
        assert_eq!(names(1), ["Auth"]);
        assert_eq!(names(2), ["Auth", "User"]);
    }

    #[test]
    fn who_did_not_answer_is_a_row_of_its_own() {
        let rows = rows(&fleet(), &Rules::default());
        let last = rows.last().unwrap();
        assert_eq!(
            (last.service.as_deref(), last.status, &last.remarks[..]),
            (None, Status::Unknown, &["no".to_owned()][..])
        );
    }
}
