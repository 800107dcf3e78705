//! The health view: all hosts, one host, and what it says of those whose numbers are old or missing.

use std::sync::Arc;
use std::time::Duration;

use ratatui::style::Color;
use steadfast::app::health::Column;
use steadfast::app::key::{Code, Key};
use steadfast::app::mouse::{Deed, Mouse};
use steadfast::app::{App, Focus, Msg};
use steadfast::domain::command::Command;
use steadfast::domain::event::Fact;
use steadfast::domain::health::{
    Disk, Filesystem, HostHealth, LevelChange, Load, Percent, PlaneHealth, Pressure, Rates, Reason, Report, Running,
    Sample, Sensor, Service, Settings, Status, Taken, Trouble, Vitals,
};
use steadfast::domain::moment::Wall;

use crate::scene::{self, event, host};
use crate::{COLOURED, ENTER, ESC, PLAIN, commands, draw, find, press, text, typed};

fn percent(value: f64) -> Percent {
    Percent::new(value.clamp(0.0, 100.0)).unwrap_or(Percent::ZERO)
}

/// A host of `seed`, whose load sways around `cpu`.
fn sample(seed: u32, cpu: f64, degrees: f64, step: u32) -> Sample {
    let sway = (f64::from(seed) + f64::from(step) / 6.0).sin();
    let disk = |used: f64| Disk { used: percent(used), free_kib: 47_000_000 };
    let place = |place: &str, used: f64| Filesystem { place: place.into(), disk: disk(used) };
    let service = |name: &str, state: Option<&str>| Service {
        name: name.into(),
        running: state.map_or(Running::Yes, |state| Running::No(state.into())),
    };
    let nginx = if seed == 2 { Some("failed") } else { None };
    let data = if seed == 3 { 93.0 } else { 41.0 };
    Sample {
        cpu: Some(percent(cpu + 6.0 * sway)),
        memory: Some(percent(38.0 + 3.0 * f64::from(seed) + sway)),
        vitals: Vitals {
            load: Some(Load([cpu / 6.0 + sway, cpu / 7.0, cpu / 9.0])),
            pressure: Pressure {
                cpu: Some(percent(cpu / 9.0)),
                memory: Some(percent(0.0)),
                io: Some(percent(2.0 + sway)),
            },
            disk: Some(disk(34.0)),
            temperature: Some(degrees + 2.0 * sway),
            traffic: None,
        },
        services: vec![service("ssh", None), service("chrony", None), service("nginx", nginx)],
        filesystems: vec![place("/", 34.0), place("/srv/data", data)],
        sensors: vec![
            Sensor { name: "x86_pkg_temp".into(), degrees: degrees + 2.0 * sway },
            Sensor { name: "acpitz".into(), degrees: 47.0 },
        ],
        remarks: Vec::new(),
    }
}

/// The last of many samples `age` ago.
fn health(seed: u32, cpu: f64, degrees: f64, age: i64) -> HostHealth {
    let mut health = HostHealth::default();
    for step in 0..120_u32 {
        // One of them was late, and left nothing.
        if step == 97 {
            continue;
        }
        let at = Wall(scene::NOW.wall.0 - age * 1_000 - i64::from(119 - step) * 30_000);
        let rates = Some(Rates { received: 1_200_000.0 * f64::from(seed), sent: 34_000.0 });
        health.apply(Taken { at, sample: sample(seed, cpu, degrees, step), rates });
    }
    health
}

pub fn app(columns: u16, rows: u16) -> App {
    let mut app = scene::app(columns, rows);
    let mut late = health(4, 55.0, 61.0, 92);
    late.late = Some(Wall(scene::NOW.wall.0 - 71_000));
    let known = [
        ("amber", health(1, 97.0, 71.0, 4)),
        ("birch", health(2, 34.0, 91.0, 11)),
        ("cedar", health(3, 12.0, 52.0, 19)),
        ("elm", late),
        ("ginkgo", health(6, 8.0, 44.0, 444)),
    ];
    let known = known.into_iter().map(|(name, health)| (host(name), Arc::new(health))).collect();
    app.update(scene::NOW, Msg::Health(known));
    let change = LevelChange {
        server: None,
        service: Some("nginx".into()),
        from: Status::Healthy,
        to: Status::Unhealthy,
        reasons: vec![Reason::NotRunning("failed".into())],
    };
    let msg = event(&app, "birch", Fact::Health(change));
    app.update(scene::NOW, msg);
    // The toast of it.
    press(&mut app, &[ESC]);
    typed(&mut app, "H");
    app
}

#[test]
fn all_hosts_at_every_size() {
    for (columns, rows) in crate::SIZES {
        let app = app(columns, rows);
        insta::assert_snapshot!(format!("health-{columns}x{rows}"), text(&draw(&app, COLOURED)));
    }
}

#[test]
fn in_ascii_without_colour_nothing_is_lost() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let buffer = draw(&app(columns, rows), PLAIN);
        assert!(buffer.content().iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
        assert!(text(&buffer).is_ascii(), "{}", text(&buffer));
        insta::assert_snapshot!(format!("health-ascii-{columns}x{rows}"), text(&buffer));
    }
    let mut app = app(120, 40);
    typed(&mut app, "j");
    press(&mut app, &[ENTER]);
    let shown = text(&draw(&app, PLAIN));
    assert!(shown.is_ascii(), "{shown}");
}

#[test]
fn one_host_at_every_size() {
    for (columns, rows) in crate::SIZES {
        let mut app = app(columns, rows);
        app.hosts.select(host("birch"));
        press(&mut app, &[ENTER]);
        insta::assert_snapshot!(format!("health-one-{columns}x{rows}"), text(&draw(&app, COLOURED)));
    }
}

#[test]
fn what_is_old_or_missing_is_told_in_words() {
    let mut app = app(200, 60);
    let said = |app: &mut App, name: &str| {
        app.hosts.select(host(name));
        let shown = text(&draw(app, COLOURED));
        shown.lines().rev().skip(1).take(2).map(str::to_owned).collect::<Vec<_>>().join(" ")
    };
    for (name, words) in [
        ("amber", "sampled 4s ago: CPU 100 % over 90 %"),
        ("birch", "nginx not running: failed, 9"),
        ("cedar", "/srv/data 93 % over 90 %"),
        ("elm", "late: last sampled 1m32s ago"),
        ("ginkgo", "not alive (lost): last sampled 7m24s ago"),
        ("juniper", "connecting: never sampled"),
    ] {
        let shown = said(&mut app, name);
        assert!(shown.contains(words), "{name}: {shown}");
    }
    let why = "sshd refused: open failed".to_owned();
    let mut failed = health(5, 20.0, 50.0, 40);
    failed.failed = Some((scene::NOW.wall, why));
    app.update(scene::NOW, Msg::Health(vec![(host("amber"), Arc::new(failed))]));
    let shown = said(&mut app, "amber");
    assert!(shown.contains("no sample: sshd refused: open failed"), "{shown}");
    app.health.settings = Settings { sampling: None, ..Settings::default() };
    let shown = said(&mut app, "juniper");
    assert!(shown.contains("health is off") && shown.contains("sampling = true"), "{shown}");
}

#[test]
fn it_is_sorted_by_any_column_and_the_selection_stays_with_the_host() {
    let mut app = app(120, 40);
    app.hosts.select(host("cedar"));
    for (column, first) in [(Column::Cpu, "amber"), (Column::Memory, "ginkgo"), (Column::Temperature, "birch")] {
        while app.health.column != column {
            typed(&mut app, "o");
        }
        let order = app.health_order();
        assert_eq!(order[0].host.id.as_str(), first, "{column:?}");
        assert_eq!(
            order.iter().filter(|row| row.selected).map(|row| row.host.id.as_str()).collect::<Vec<_>>(),
            ["cedar"]
        );
    }
    typed(&mut app, "g");
    assert_eq!(app.host().map(|host| host.id.as_str()), Some("birch"), "the first of what is shown");
    typed(&mut app, "~");
    assert_ne!(app.health_order()[0].host.id.as_str(), "birch");
    typed(&mut app, "/cedar");
    press(&mut app, &[ENTER]);
    assert_eq!(app.health_order().len(), 1);
}

#[test]
fn the_filter_finds_whatever_a_row_shows() {
    let shown = |filter: &str| {
        let mut app = app(160, 45);
        typed(&mut app, &format!("/{filter}"));
        press(&mut app, &[ENTER]);
        app.health_order().iter().map(|row| row.host.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(shown("unhealthy"), ["amber", "birch"]);
    assert_eq!(shown("healthy"), ["cedar", "elm", "ginkgo"], "unhealthy is not meant");
    assert_eq!(shown("late"), ["elm"]);
    let amber = app(160, 45).health_order()[0].value(Column::Cpu).unwrap();
    assert_eq!(shown(&format!("{amber:.0}% amber")), ["amber"]);
    assert_eq!(shown("zzz"), [""; 0], "what no row shows");
    assert_eq!(shown("nginx"), ["birch"]);
    assert_eq!(shown("unhealthy nginx"), ["birch"]);
    assert_eq!(shown("never"), shown("never sampled"));
}

/// As a control plane tells it: one over its threshold, one that hangs.
fn with_servers(columns: u16, rows: u16) -> App {
    let mut app = app(columns, rows);
    let report = |server: &str, cpu: f64, service: &str| Report {
        server: server.into(),
        outcome: Ok(Sample {
            cpu: Percent::new(cpu).ok(),
            memory: Percent::new(20.0).ok(),
            remarks: if cpu > 100.0 { vec!["cpu: \"101%\" is no percentage".into()] } else { Vec::new() },
            services: vec![Service { name: service.into(), running: Running::Yes }],
            ..Sample::default()
        }),
        sampled: None,
    };
    let hangs = |server: &str| Report {
        server: server.into(),
        outcome: Err(Trouble::Late(Duration::from_secs(10))),
        sampled: None,
    };
    let mut plane = PlaneHealth { name: "https://cp.example".into(), ..PlaneHealth::default() };
    let reports = vec![
        report("10.0.0.10", 99.0, "AuthService"),
        report("10.0.0.9", 12.0, "UserService"),
        report("10.0.0.8", 101.0, "UserService"),
    ];
    plane.apply(scene::NOW.wall, [reports, vec![hangs("2001:db8::1"), hangs("no such\tword")]].concat());
    app.update(scene::NOW, Msg::Plane(Arc::new(plane)));
    app
}

#[test]
fn servers_of_a_control_plane_stand_beside_the_hosts() {
    for (columns, rows) in [(80, 24), (160, 45)] {
        let mut app = with_servers(columns, rows);
        typed(&mut app, "G");
        let shown = text(&draw(&app, COLOURED));
        assert!(shown.contains("10 hosts, 5 servers"), "{shown}");
        let names: Vec<String> = app.health_order().iter().rev().take(4).map(|row| row.host.id.to_string()).collect();
        assert_eq!(names, ["no_such_word", "2001:db8::1", "10.0.0.10", "10.0.0.9"]);
        assert!(shown.contains("no_such_word no sample: late: no answer within 10 s"), "{shown}");
        typed(&mut app, "kkkk");
        let shown = text(&draw(&app, COLOURED));
        assert!(shown.contains("10.0.0.8 UserService sampled 0s ago: cpu: \"101%\" is no percentage"), "{shown}");
        // Sorted with the hosts; the service and what is wrong in words.
        press(&mut app, &[Key::char('/')]);
        typed(&mut app, "authservice");
        press(&mut app, &[ENTER]);
        let shown = text(&draw(&app, COLOURED));
        assert!(shown.contains("10.0.0.10 AuthService sampled 0s ago: CPU 99 % over 90 %"), "{shown}");
        press(&mut app, &[ENTER]);
        let shown = text(&draw(&app, PLAIN));
        assert!(shown.contains("of https://cp.example") && shown.is_ascii(), "{shown}");
    }
}

#[test]
fn verbs_do_nothing_to_a_server() {
    let mut app = with_servers(120, 40);
    typed(&mut app, "j");
    assert_eq!(commands(&typed(&mut app, "r")).len(), 1, "on a host they do");
    let (x, y) = find(&app, "10.0.0.9", false);
    app.update(scene::NOW, Msg::Mouse(Mouse { what: Deed::Press, x: x + 1, y }));
    assert_eq!(commands(&typed(&mut app, "r")), [] as [&Command; 0]);
    assert!(text(&draw(&app, COLOURED)).contains("10.0.0.9 is a server of the control plane"), "said why");
    // Back on a host.
    typed(&mut app, "g");
    assert_eq!(commands(&typed(&mut app, "r")).len(), 1);
}

#[test]
fn a_control_plane_that_says_nothing_is_told_of() {
    let mut app = app(120, 40);
    let failed = Some((scene::NOW.wall, "list the servers of https://cp.example/: HTTP 401".to_owned()));
    app.update(scene::NOW, Msg::Plane(Arc::new(PlaneHealth { failed, ..PlaneHealth::default() })));
    let shown = text(&draw(&app, COLOURED));
    assert!(shown.contains("list the servers of https://cp.example/: HTTP 401"), "{shown}");
}

#[test]
fn a_click_selects_a_host_and_sorts_by_a_column() {
    for (columns, rows) in crate::SIZES {
        let mut app = app(columns, rows);
        let (x, y) = find(&app, "cedar", false);
        app.update(scene::NOW, Msg::Mouse(Mouse { what: Deed::Press, x: x + 1, y }));
        assert_eq!((app.host().map(|host| host.id.as_str()), app.focus), (Some("cedar"), Focus::Health));
        let (x, y) = find(&app, "temp", false);
        app.update(scene::NOW, Msg::Mouse(Mouse { what: Deed::Press, x: x + 1, y }));
        assert_eq!(app.health.column, Column::Temperature);
    }
}

#[test]
fn escape_goes_back_step_by_step() {
    let mut app = app(80, 24);
    press(&mut app, &[ENTER, Key::of(Code::Down)]);
    assert!(app.health.open && app.health.scroll <= 1);
    press(&mut app, &[ESC]);
    assert!(!app.health.open && app.focus == Focus::Health);
    press(&mut app, &[ESC]);
    assert_eq!(app.focus, Focus::Hosts);
}

#[test]
fn old_pictures_move_on_and_are_empty_where_nothing_was_told() {
    let health = health(1, 50.0, 50.0, 0);
    let row = health.columns(steadfast::domain::health::Metric::Cpu, scene::NOW.wall, Duration::from_secs(30), 120);
    assert_eq!(row.iter().filter(|value| value.is_none()).count(), 1);
}
