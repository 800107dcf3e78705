//! F6: the front end without a screen.
mod console;
mod interrupt;
mod lines;
mod note;
mod outcome;
mod printer;
mod reader;
mod seat;
