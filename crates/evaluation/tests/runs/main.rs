//! Runs that are aborted, cut, killed, damaged, sharded: the files at the end are those of an
//! undisturbed run.

mod crash;
mod disturbed;
mod fake;
mod folder;
mod kill;
