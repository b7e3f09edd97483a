/* The module gainmap_codec.pixels.loops: compiled loops on arrays that their callers have checked (loops.pyi).

   Arrays come as contiguous buffers. No function keeps the interpreter lock while it computes, none starts a thread. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include "fit_bindings.h"
#include "native.h"

static PyObject *outputs_of(PyObject *self, PyObject *arguments)
{
    Py_buffer features, first, second, third, out;
    Py_ssize_t rows, inputs, columns, neurons, outputs;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "y*y*y*y*w*nnnnn", &features, &first, &second, &third, &out, &rows, &inputs,
                          &columns, &neurons, &outputs))
        return NULL;
    const Network network = {{first.buf, second.buf, third.buf}, inputs, neurons, outputs};
    Py_BEGIN_ALLOW_THREADS
    network_outputs(&network, features.buf, out.buf, rows, columns);
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&features);
    PyBuffer_Release(&first);
    PyBuffer_Release(&second);
    PyBuffer_Release(&third);
    PyBuffer_Release(&out);
    Py_RETURN_NONE;
}

static PyObject *pq_codes_of(PyObject *self, PyObject *arguments)
{
    Py_buffer linear, codes;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "y*w*", &linear, &codes)) return NULL;
    Py_BEGIN_ALLOW_THREADS
    pq_codes(linear.buf, codes.buf, codes.len / (Py_ssize_t)sizeof(float));
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&linear);
    PyBuffer_Release(&codes);
    Py_RETURN_NONE;
}

static PyObject *pq_squares_of(PyObject *self, PyObject *arguments)
{
    Py_buffer one, other;
    double total;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "y*y*", &one, &other)) return NULL;
    Py_BEGIN_ALLOW_THREADS
    total = pq_squares(one.buf, other.buf, one.len / (Py_ssize_t)sizeof(float));
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&one);
    PyBuffer_Release(&other);
    return PyFloat_FromDouble(total);
}

static PyObject *single_gains_of(PyObject *self, PyObject *arguments)
{
    Py_buffer hdr, base, gains, weights;
    float base_offset, alternate_offset;
    double total;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "y*y*ffw*w*", &hdr, &base, &base_offset, &alternate_offset, &gains, &weights))
        return NULL;
    Py_BEGIN_ALLOW_THREADS
    total = single_gains(hdr.buf, base.buf, gains.len / (Py_ssize_t)sizeof(float), base_offset, alternate_offset, gains.buf,
                         weights.buf);
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&hdr);
    PyBuffer_Release(&base);
    PyBuffer_Release(&gains);
    PyBuffer_Release(&weights);
    return PyFloat_FromDouble(total);
}

static PyMethodDef functions[] = {
    {"outputs_of", outputs_of, METH_VARARGS, NULL},
    {"fit_outputs", fit_outputs, METH_VARARGS, NULL},
    {"fit_slopes", fit_slopes, METH_VARARGS, NULL},
    {"fit_form", fit_form, METH_VARARGS, NULL},
    {"fit_left", fit_left, METH_VARARGS, NULL},
    {"fit_enlarge", fit_enlarge, METH_VARARGS, NULL},
    {"fit_shrink", fit_shrink, METH_VARARGS, NULL},
    {"fit_take_off", fit_take_off, METH_VARARGS, NULL},
    {"fit_cheapest", fit_cheapest, METH_VARARGS, NULL},
    {"fit_moments", fit_moments, METH_VARARGS, NULL},
    {"fit_steps", fit_steps, METH_VARARGS, NULL},
    {"pq_codes", pq_codes_of, METH_VARARGS, NULL},
    {"pq_squares", pq_squares_of, METH_VARARGS, NULL},
    {"single_gains", single_gains_of, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "loops", NULL, -1, functions, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_loops(void)
{
    return PyModule_Create(&definition);
}
