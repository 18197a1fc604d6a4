mod beneath;
mod hostile;
mod pack;
mod round_trip;
mod support;
