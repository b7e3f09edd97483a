/* The fit's loops as functions of Python: loops.pyi says what they take. */

#include "buffers.h"
#include "fit_bindings.h"
#include "fit_points.h"
#include "fit_steps.h"
#include "fit_weights.h"

/* Buffers that come first among a call's arguments; those from `writable` on are written to. */
static int take(PyObject *arguments, Buffers *buffers, int count, int writable)
{
    buffers->count = 0;
    if (PyTuple_Size(arguments) < count) {
        PyErr_SetString(PyExc_TypeError, "too few arguments");
        return 0;
    }
    while (buffers->count < count) {
        PyObject *array = PyTuple_GetItem(arguments, buffers->count);
        if (!buffer_of(buffers, array, buffers->count < writable ? READ_FROM : WRITTEN_TO)) {
            if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "expected an array, got None");
            release(buffers);
            return 0;
        }
    }
    return 1;
}

/* What comes behind the buffers, by the format of PyArg_ParseTuple. */
static int parse(PyObject *arguments, Buffers *buffers, const char *format, ...)
{
    va_list places;
    PyObject *rest = PyTuple_GetSlice(arguments, buffers->count, PyTuple_Size(arguments));
    int is_parsed = 0;
    if (rest) {
        va_start(places, format);
        is_parsed = PyArg_VaParse(rest, format, places);
        va_end(places);
        Py_DECREF(rest);
    }
    if (!is_parsed) release(buffers);
    return is_parsed;
}

/* Layers and planes stand first in several calls: three layers; features, fields, added (empty: none). */
static void network_of(const Buffers *buffers, Fitted *net, Planes *planes)
{
    const Py_buffer *views = buffers->views;
    for (int i = 0; i < 3; i++) net->weights[i] = views[i].buf;
    planes->features = views[3].buf;
    planes->fields = views[4].buf;
    planes->added = views[5].len ? views[5].buf : NULL;
}

PyObject *fit_outputs(PyObject *self, PyObject *arguments)
{
    Buffers buffers;
    Fitted net;
    Planes planes;
    (void)self;
    if (!take(arguments, &buffers, 7, 6) || !parse(arguments, &buffers, "nnnnnn", &net.features, &net.latents, &net.neurons,
                                                   &net.outputs, &planes.stride, &planes.count))
        return NULL;
    network_of(&buffers, &net, &planes);
    Py_BEGIN_ALLOW_THREADS
    fitted_outputs(&net, &planes, buffers.views[6].buf);
    Py_END_ALLOW_THREADS
    release(&buffers);
    Py_RETURN_NONE;
}

PyObject *fit_slopes(PyObject *self, PyObject *arguments)
{
    Buffers buffers;
    Fitted net;
    Planes planes;
    (void)self;
    if (!take(arguments, &buffers, 8, 7) || !parse(arguments, &buffers, "nnnnnn", &net.features, &net.latents, &net.neurons,
                                                   &net.outputs, &planes.stride, &planes.count))
        return NULL;
    network_of(&buffers, &net, &planes);
    Py_BEGIN_ALLOW_THREADS
    slopes_by_feature(&net, &planes, buffers.views[6].buf, buffers.views[7].buf);
    Py_END_ALLOW_THREADS
    release(&buffers);
    Py_RETURN_NONE;
}

PyObject *fit_form(PyObject *self, PyObject *arguments)
{
    Buffers buffers;
    Fitted net;
    Planes planes;
    Py_ssize_t first, size;
    int is_done;
    (void)self;
    if (!take(arguments, &buffers, 10, 8) ||
        !parse(arguments, &buffers, "nnnnnnnn", &net.features, &net.latents, &net.neurons, &net.outputs, &planes.stride,
               &planes.count, &first, &size))
        return NULL;
    network_of(&buffers, &net, &planes);
    Py_BEGIN_ALLOW_THREADS
    is_done = weights_form(&net, &planes, buffers.views[6].buf, buffers.views[7].buf, first, size, buffers.views[8].buf,
                           buffers.views[9].buf);
    Py_END_ALLOW_THREADS
    release(&buffers);
    if (!is_done) return PyErr_NoMemory();
    Py_RETURN_NONE;
}

PyObject *fit_left(PyObject *self, PyObject *arguments)
{
    Buffers buffers;
    Wanted wanted;
    Py_ssize_t outputs;
    int kind;
    double total;
    (void)self;
    if (!take(arguments, &buffers, 5, 3) || !parse(arguments, &buffers, "inffnn", &kind, &outputs, &wanted.shift,
                                                   &wanted.scale, &wanted.stride, &wanted.count))
        return NULL;
    wanted.wanted = buffers.views[0].buf;
    wanted.base = buffers.views[1].buf;
    wanted.kind = (Kind)kind;
    Py_BEGIN_ALLOW_THREADS
    total = all_left(&wanted, outputs, buffers.views[2].buf, buffers.views[3].buf, buffers.views[4].buf);
    Py_END_ALLOW_THREADS
    release(&buffers);
    return PyFloat_FromDouble(total);
}

/* Taps stand behind `at` other buffers: cells (2, count) and shares (2, count), down, then across. */
static void taps_of(const Buffers *buffers, int at, Taps *down, Taps *across)
{
    Taps *both[2] = {down, across};
    for (int i = 0; i < 2; i++) {
        const Py_buffer *cells = &buffers->views[at + 2 * i], *shares = &buffers->views[at + 2 * i + 1];
        const Py_ssize_t count = cells->len / (2 * (Py_ssize_t)sizeof(int32_t));
        *both[i] = (Taps){cells->buf, (const int32_t *)cells->buf + count, shares->buf, (const float *)shares->buf + count,
                          count};
    }
}

PyObject *fit_enlarge(PyObject *self, PyObject *arguments)
{
    Buffers buffers;
    Taps down, across;
    Py_ssize_t columns;
    int adds;
    (void)self;
    if (!take(arguments, &buffers, 6, 5) || !parse(arguments, &buffers, "ni", &columns, &adds)) return NULL;
    taps_of(&buffers, 1, &down, &across);
    Py_BEGIN_ALLOW_THREADS
    enlarge(buffers.views[0].buf, columns, &down, &across, buffers.views[5].buf, adds);
    Py_END_ALLOW_THREADS
    release(&buffers);
    Py_RETURN_NONE;
}

PyObject *fit_shrink(PyObject *self, PyObject *arguments)
{
    Buffers buffers;
    Taps down, across;
    Py_ssize_t channels, stride, rows, columns;
    (void)self;
    if (!take(arguments, &buffers, 7, 6) || !parse(arguments, &buffers, "nnnn", &channels, &stride, &rows, &columns))
        return NULL;
    taps_of(&buffers, 2, &down, &across);
    Py_BEGIN_ALLOW_THREADS
    shrink(buffers.views[0].buf, buffers.views[1].buf, channels, stride, &down, &across, buffers.views[6].buf, rows, columns);
    Py_END_ALLOW_THREADS
    release(&buffers);
    Py_RETURN_NONE;
}

PyObject *fit_take_off(PyObject *self, PyObject *arguments)
{
    Buffers buffers;
    Taps down, across;
    Py_ssize_t channels, stride, columns;
    (void)self;
    if (!take(arguments, &buffers, 7, 6) || !parse(arguments, &buffers, "nnn", &channels, &stride, &columns)) return NULL;
    taps_of(&buffers, 2, &down, &across);
    Py_BEGIN_ALLOW_THREADS
    take_off(buffers.views[6].buf, buffers.views[0].buf, channels, stride, buffers.views[1].buf, columns, &down, &across);
    Py_END_ALLOW_THREADS
    release(&buffers);
    Py_RETURN_NONE;
}

PyObject *fit_cheapest(PyObject *self, PyObject *arguments)
{
    Buffers buffers;
    Py_ssize_t rows, columns, size, parity, changed;
    float largest;
    (void)self;
    if (!take(arguments, &buffers, 6, 5) || !parse(arguments, &buffers, "nnnnf", &rows, &columns, &size, &parity, &largest))
        return NULL;
    const Py_buffer *views = buffers.views;
    Py_BEGIN_ALLOW_THREADS
    changed = cheapest_cells(views[0].buf, views[1].buf, views[2].buf, views[3].buf, views[4].buf, rows, columns, size,
                             parity, largest, views[5].buf);
    Py_END_ALLOW_THREADS
    release(&buffers);
    return PyLong_FromSsize_t(changed);
}

PyObject *fit_moments(PyObject *self, PyObject *arguments)
{
    Buffers buffers;
    Py_ssize_t count, stride;
    (void)self;
    if (!take(arguments, &buffers, 3, 1) || !parse(arguments, &buffers, "nn", &count, &stride)) return NULL;
    Py_BEGIN_ALLOW_THREADS
    moments(buffers.views[0].buf, count, stride, buffers.views[1].buf, buffers.views[2].buf);
    Py_END_ALLOW_THREADS
    release(&buffers);
    Py_RETURN_NONE;
}

/* Steps as they come: batch, row, column, mode, key, how many with this one, how many of these with bits. */
static void steps_of(const int64_t *numbers, const float *parts, Py_ssize_t count, Step *steps)
{
    for (Py_ssize_t i = 0; i < count; i++, numbers += 7)
        steps[i] = (Step){numbers[0], numbers[1], numbers[2], numbers[5], numbers[6],
                          (uint32_t)numbers[4], (Mode)numbers[3], parts[i]};
}

PyObject *fit_steps(PyObject *self, PyObject *arguments)
{
    Buffers buffers;
    Training t;
    int kind, is_done;
    (void)self;
    if (!take(arguments, &buffers, 17, 13) ||
        !parse(arguments, &buffers, "nnnnnnnnnniffffd", &t.features, &t.latents, &t.neurons, &t.outputs, &t.stride, &t.count,
               &t.rows, &t.columns, &t.down, &t.across, &kind, &t.shift, &t.scale, &t.per_bit, &t.most,
               &t.floor))
        return NULL;
    const Py_buffer *views = buffers.views;
    t.planes = views[0].buf, t.wanted = views[1].buf, t.base = views[2].buf;
    t.row_cells = views[3].buf, t.row_shares = views[4].buf;
    t.column_cells = views[5].buf, t.column_shares = views[6].buf;
    t.mixing = views[7].buf, t.details = views[8].buf, t.rates = views[9].buf, t.grids = views[10].buf;
    t.values = views[13].buf, t.means = views[14].buf, t.squares = views[15].buf;
    t.kind = (Kind)kind;
    t.levels = views[10].len / (2 * (Py_ssize_t)sizeof(int64_t));
    t.cells = t.most_rows = t.most_columns = 0;
    for (Py_ssize_t l = 0; l < t.latents; l++) {
        t.cells += (ptrdiff_t)(t.grids[2 * l] * t.grids[2 * l + 1]);
        if (t.grids[2 * l] > t.most_rows) t.most_rows = (ptrdiff_t)t.grids[2 * l];
        if (t.grids[2 * l + 1] > t.most_columns) t.most_columns = (ptrdiff_t)t.grids[2 * l + 1];
    }
    const Py_ssize_t count = views[12].len / (Py_ssize_t)sizeof(float);
    Step *steps = PyMem_Malloc((count ? count : 1) * sizeof(Step));
    if (!steps) {
        release(&buffers);
        return PyErr_NoMemory();
    }
    steps_of(views[11].buf, views[12].buf, count, steps);
    Py_BEGIN_ALLOW_THREADS
    is_done = take_steps(&t, steps, count, views[16].buf);
    Py_END_ALLOW_THREADS
    PyMem_Free(steps);
    release(&buffers);
    if (!is_done) return PyErr_NoMemory();
    Py_RETURN_NONE;
}

PyObject *fit_factorize(PyObject *self, PyObject *arguments)
{
    Buffers buffers;
    Py_ssize_t size;
    int is_done;
    (void)self;
    if (!take(arguments, &buffers, 1, 0) || !parse(arguments, &buffers, "n", &size)) return NULL;
    Py_BEGIN_ALLOW_THREADS
    is_done = factorize(buffers.views[0].buf, size);
    Py_END_ALLOW_THREADS
    release(&buffers);
    return PyBool_FromLong(is_done);
}

PyObject *fit_solve(PyObject *self, PyObject *arguments)
{
    Buffers buffers;
    (void)self;
    if (!take(arguments, &buffers, 2, 1) || !parse(arguments, &buffers, "")) return NULL;
    const Py_ssize_t size = buffers.views[1].len / (Py_ssize_t)sizeof(double);
    Py_BEGIN_ALLOW_THREADS
    solve(buffers.views[0].buf, size, buffers.views[1].buf);
    Py_END_ALLOW_THREADS
    release(&buffers);
    Py_RETURN_NONE;
}

PyObject *fit_round(PyObject *self, PyObject *arguments)
{
    Buffers buffers;
    double most;
    (void)self;
    if (!take(arguments, &buffers, 3, 1) || !parse(arguments, &buffers, "d", &most)) return NULL;
    const Py_ssize_t size = buffers.views[1].len / (Py_ssize_t)sizeof(double);
    Py_BEGIN_ALLOW_THREADS
    round_in_turn(buffers.views[0].buf, size, most, buffers.views[1].buf, buffers.views[2].buf);
    Py_END_ALLOW_THREADS
    release(&buffers);
    Py_RETURN_NONE;
}
