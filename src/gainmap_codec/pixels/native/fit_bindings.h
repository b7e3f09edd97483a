/* The fit's loops as functions of Python. */

#ifndef GAINMAP_FIT_BINDINGS_H
#define GAINMAP_FIT_BINDINGS_H

PyObject *fit_outputs(PyObject *self, PyObject *arguments);
PyObject *fit_slopes(PyObject *self, PyObject *arguments);
PyObject *fit_form(PyObject *self, PyObject *arguments);
PyObject *fit_left(PyObject *self, PyObject *arguments);
PyObject *fit_enlarge(PyObject *self, PyObject *arguments);
PyObject *fit_shrink(PyObject *self, PyObject *arguments);
PyObject *fit_take_off(PyObject *self, PyObject *arguments);
PyObject *fit_cheapest(PyObject *self, PyObject *arguments);
PyObject *fit_moments(PyObject *self, PyObject *arguments);
PyObject *fit_steps(PyObject *self, PyObject *arguments);
PyObject *fit_factorize(PyObject *self, PyObject *arguments);
PyObject *fit_solve(PyObject *self, PyObject *arguments);
PyObject *fit_round(PyObject *self, PyObject *arguments);

#endif
