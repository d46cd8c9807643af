//! What happens, in the order in which it happened: whoever hears of something puts it in here, and
//! the page takes it out.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use crate::update::Input;

/// Takes what happens.
type Taker = Box<dyn FnMut(Input)>;

thread_local! {
    static WAITING: RefCell<VecDeque<Input>> = const { RefCell::new(VecDeque::new()) };
    static BUSY: Cell<bool> = const { Cell::new(false) };
    static TAKER: RefCell<Option<Taker>> = const { RefCell::new(None) };
    static NUMBER: Cell<u32> = const { Cell::new(0) };
}

/// Says that something happened. What happens while something else is being dealt with comes after
/// it: nothing is lost. What happens before anyone takes it waits for what happens next.
pub(crate) fn tell(input: Input) {
    WAITING.with_borrow_mut(|waiting| waiting.push_back(input));
    if BUSY.replace(true) {
        return;
    }
    if TAKER.with_borrow(Option::is_none) {
        return BUSY.set(false);
    }
    while let Some(input) = WAITING.with_borrow_mut(VecDeque::pop_front) {
        TAKER.with_borrow_mut(|taker| {
            if let Some(taker) = taker {
                taker(input);
            }
        });
    }
    BUSY.set(false);
}

/// From now on, `taker` gets everything that happens, one thing after the other.
pub(crate) fn give_to(taker: impl FnMut(Input) + 'static) {
    TAKER.set(Some(Box::new(taker)));
}

/// A number for a picture that is chosen now: larger than every earlier one.
pub(crate) fn number() -> u32 {
    NUMBER.set(NUMBER.get() + 1);
    NUMBER.get()
}
