"""A forecaster over HTTP and as a page: who may ask, what may be asked, how it is answered."""
