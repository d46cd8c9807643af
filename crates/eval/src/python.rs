//! Python's text semantics, which are part of the official scores: white space, digits, letter case, splitting.
