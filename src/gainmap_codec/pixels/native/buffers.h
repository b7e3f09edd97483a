/* Arrays of Python as buffers, taken for the time of one call. */

#ifndef GAINMAP_BUFFERS_H
#define GAINMAP_BUFFERS_H

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include "native.h"

#define MOST_BUFFERS 256
#define READ_FROM PyBUF_C_CONTIGUOUS
#define WRITTEN_TO (PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)

/* Those of the arrays of one call, to be released when it ends. */
typedef struct {
    Py_buffer views[MOST_BUFFERS];
    int count;
} Buffers;

/* The buffer of an array; NULL for None, and with an exception set where there is none to be had. */
ALWAYS_INLINE Py_buffer *buffer_of(Buffers *buffers, PyObject *array, int flags)
{
    if (array == Py_None || PyErr_Occurred()) return NULL;
    if (buffers->count == MOST_BUFFERS) {
        PyErr_SetString(PyExc_ValueError, "too many arrays");
        return NULL;
    }
    Py_buffer *view = &buffers->views[buffers->count];
    if (PyObject_GetBuffer(array, view, flags) < 0) return NULL;
    buffers->count++;
    return view;
}

ALWAYS_INLINE void *values_of(Buffers *buffers, PyObject *array)
{
    Py_buffer *view = buffer_of(buffers, array, READ_FROM);
    return view ? view->buf : NULL;
}

ALWAYS_INLINE void release(Buffers *buffers)
{
    while (buffers->count) PyBuffer_Release(&buffers->views[--buffers->count]);
}

#endif
