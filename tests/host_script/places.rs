//! Where runs are kept, and what happens where there is no room.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use steadfast::domain::event::{Lengths, Stuck};
use steadfast::domain::run::{Observed, RunSpec, Stream};
use steadfast::remote::{self, FollowEvent, RemoteError};

use crate::bench::{Bench, LIMIT, code, in_every_shell, new_id, soon, split, until};

in_every_shell!(
    without_a_home_directory_it_falls_back,
    with_a_home_directory_that_is_read_only_it_falls_back,
    a_spare_place_that_is_not_ours_is_not_used,
    where_nothing_can_be_written_the_host_is_known_all_the_same,
    a_full_disk_ends_nothing,
);

/// Runs something there, and finds it again.
async fn works_in(bench: &Bench, place: &Path) {
    let facts = remote::identify(&bench.session, LIMIT).await.unwrap();
    assert_eq!(Path::new(&facts.root), place.join("runs"));
    let note = facts.root_note.unwrap();
    assert!(note.contains("cannot be written") && note.contains(place.to_str().unwrap()), "{note}");
    let id = new_id();
    bench.start(id, &split("echo out")).await;
    let told = bench.state(id).await.notice.unwrap_or_default();
    assert!(told.contains("this run is kept under") && told.contains(place.to_str().unwrap()), "{told}");
    let exit = place.join("runs").join(id.to_string()).join("exit");
    until("it has ended", || exit.exists()).await;
    assert!(matches!(bench.state(id).await.observed, Observed::Exited(record) if record.end == code(0)));
    assert_eq!(bench.fetch(id, Stream::Out, 0, 4).await, b"out\n");
    assert_eq!(remote::list(&bench.session, LIMIT).await.unwrap().len(), 1);
    let place_of_runs = fs::metadata(place).unwrap();
    assert_eq!(place_of_runs.permissions().mode() & 0o777, 0o700);
    remote::remove(&bench.session, id, LIMIT).await.unwrap();
    assert_eq!(remote::list(&bench.session, LIMIT).await.unwrap().len(), 0);
}

fn spare(bench: &Bench) -> std::path::PathBuf {
    bench.dir().join(format!("steadfast-{}", rustix::process::getuid().as_raw()))
}

async fn without_a_home_directory_it_falls_back(mut bench: Bench) {
    let place = spare(&bench);
    let home = bench.dir().join("nowhere/at/all");
    // What cannot be made is as good as missing.
    fs::write(bench.dir().join("nowhere"), "").unwrap();
    bench.change(|surroundings| surroundings.home = Some(home));
    works_in(&bench, &place).await;
    bench.change(|surroundings| surroundings.home = None);
    works_in(&bench, &place).await;
}

async fn with_a_home_directory_that_is_read_only_it_falls_back(mut bench: Bench) {
    let (home, place) = (bench.home(), spare(&bench));
    if rustix::process::geteuid().is_root() {
        let itself = home.display().to_string();
        if !bench.mount(&home, &["--bind", &itself]) || !bench.mount(&home, &["-o", "remount,ro,bind"]) {
            return;
        }
    } else {
        fs::set_permissions(&home, fs::Permissions::from_mode(0o500)).unwrap();
    }
    works_in(&bench, &place).await;
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).ok();
}

async fn a_spare_place_that_is_not_ours_is_not_used(mut bench: Bench) {
    let elsewhere = bench.dir().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    // As somebody else could in /var/tmp.
    symlink(&elsewhere, spare(&bench)).unwrap();
    bench.change(|surroundings| surroundings.home = None);
    let refused = bench.try_start(new_id(), &split(":")).await.unwrap_err();
    assert!(matches!(&refused, RemoteError::Host(why) if why.contains("is not ours alone")), "{refused}");
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    assert_eq!(remote::list(&bench.session, LIMIT).await.unwrap().len(), 0);
}

async fn where_nothing_can_be_written_the_host_is_known_all_the_same(mut bench: Bench) {
    let id = new_id();
    bench.start(id, &split("echo out")).await;
    let exit = bench.home().join(".local/state/steadfast/runs").join(id.to_string()).join("exit");
    until("it has ended", || exit.exists()).await;
    let all = bench.dir().to_owned();
    if rustix::process::geteuid().is_root() {
        let itself = all.display().to_string();
        if !bench.mount(&all, &["--bind", &itself]) || !bench.mount(&all, &["-o", "remount,ro,bind"]) {
            return;
        }
    } else {
        fs::set_permissions(&all, fs::Permissions::from_mode(0o500)).unwrap();
        fs::set_permissions(bench.home(), fs::Permissions::from_mode(0o500)).unwrap();
        fs::set_permissions(bench.home().join(".local/state/steadfast/runs"), fs::Permissions::from_mode(0o500))
            .unwrap();
    }
    let facts = remote::identify(&bench.session, LIMIT).await.unwrap();
    let note = facts.root_note.unwrap_or_default();
    assert!(facts.root.is_empty() && facts.boot.boot_id.is_some(), "{note}");
    assert!(note.starts_with("no run can be started: neither ") && !note.contains("ours alone"), "{note}");
    let refused = bench.try_start(new_id(), &split(":")).await.unwrap_err();
    assert!(matches!(&refused, RemoteError::Host(why) if why.contains("can be written")), "{refused}");
    assert_eq!(bench.fetch(id, Stream::Out, 0, 4).await, b"out\n");
    fs::set_permissions(&all, fs::Permissions::from_mode(0o700)).ok();
}

const FLOOD: &str = "n=0; while [ $n -lt 80 ]; do head -c 65536 /dev/zero 2>/dev/null; n=$((n + 1)); done; \
                     echo over >$TMPDIR/over; until [ -e $TMPDIR/go ]; do head -c 4096 /dev/zero 2>/dev/null; echo again; sleep 0.1; done; \
                     exit 6";

async fn a_full_disk_ends_nothing(mut bench: Bench) {
    let (home, elsewhere) = (bench.home(), bench.dir().join("elsewhere"));
    fs::create_dir(&elsewhere).unwrap();
    if !bench.mount(&home, &["-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs"]) {
        return;
    }
    let env = vec![("TMPDIR".to_owned(), elsewhere.display().to_string())];
    let mut terminals = vec![split(FLOOD)];
    if bench.has_terminal() {
        terminals.push(RunSpec::new(FLOOD));
    }
    for spec in terminals {
        let id = new_id();
        bench.start(id, &RunSpec { env: env.clone(), ..spec.clone() }).await;
        until("the flood is over", || elsewhere.join("over").exists()).await;
        // A page that somebody gave back may have to be filled first.
        let evidence = soon(async {
            loop {
                let evidence = bench.state(id).await;
                if evidence.stuck.is_some() {
                    break evidence;
                }
            }
        });
        let evidence = evidence.await;
        assert_eq!((&evidence.observed, evidence.stuck), (&Observed::Running, Some(Stuck::Full)));
        assert!(evidence.free.unwrap() < 65536, "{evidence:?}");
        assert_eq!(evidence.notice, None, "told when it is over");
        // A second start finds it; none can be made; both say so.
        let refused = bench.try_start(new_id(), &split(":")).await.unwrap_err();
        assert!(matches!(&refused, RemoteError::Host(why) if why.contains("o space left")), "{refused}");
        // Room again: what comes now is kept.
        if bench.can_punch() {
            let size = evidence.sizes.out / 4096 * 4096;
            remote::acknowledge(&bench.session, id, Lengths { out: size, err: 0 }, LIMIT).await.unwrap();
            let out = bench.file(id, "out");
            until("what comes now is kept", || out.metadata().unwrap().len() > evidence.sizes.out + 20).await;
            let mut follower = bench.follower(id, Stream::Out, evidence.sizes.out).await;
            let mut said = Vec::new();
            while !said.windows(5).any(|bytes| bytes == b"again") {
                match soon(follower.next()).await {
                    FollowEvent::State(_) => {}
                    FollowEvent::Bytes(bytes) => said.extend_from_slice(&bytes),
                    FollowEvent::Ended(why) => panic!("{why}"),
                }
            }
            let mut stuck = evidence.stuck;
            while stuck.is_some() {
                stuck = bench.state(id).await.stuck;
            }
        }
        fs::write(elsewhere.join("go"), "").unwrap();
        let record = bench.exited(id).await;
        assert_eq!(record.end, code(6), "{:?}", spec.io);
        let evidence = bench.state(id).await;
        if spec.io != split("").io {
            let notice = evidence.notice.unwrap();
            assert!(notice.contains("disk was full"), "{notice}");
        }
        remote::remove(&bench.session, id, LIMIT).await.unwrap();
        fs::remove_file(elsewhere.join("over")).unwrap();
        fs::remove_file(elsewhere.join("go")).unwrap();
    }
}
