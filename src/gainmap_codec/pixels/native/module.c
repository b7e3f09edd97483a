/* The module gainmap_codec.pixels.loops: compiled loops on arrays that their callers have checked (loops.pyi).

   Arrays come as contiguous buffers. No function keeps the interpreter lock while it computes, none starts a thread. */

#include "buffers.h"
#include "fit_bindings.h"

/* What a call gives back: None, or nothing where there was an exception. */
static PyObject *released(Buffers *buffers)
{
    release(buffers);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}

static PyObject *released_for(Buffers *buffers, double number)
{
    release(buffers);
    return PyErr_Occurred() ? NULL : PyFloat_FromDouble(number);
}

static PyObject *pq_codes_of(PyObject *self, PyObject *arguments)
{
    PyObject *linear, *codes;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "OO", &linear, &codes)) return NULL;
    Buffers buffers = {.count = 0};
    const Py_buffer *from = buffer_of(&buffers, linear, READ_FROM), *to = buffer_of(&buffers, codes, WRITTEN_TO);
    if (!PyErr_Occurred()) {
        Py_BEGIN_ALLOW_THREADS
        pq_codes(from->buf, to->buf, to->len / (Py_ssize_t)sizeof(float));
        Py_END_ALLOW_THREADS
    }
    return released(&buffers);
}

static PyObject *pq_squares_of(PyObject *self, PyObject *arguments)
{
    PyObject *one, *other;
    double total = 0;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "OO", &one, &other)) return NULL;
    Buffers buffers = {.count = 0};
    const Py_buffer *first = buffer_of(&buffers, one, READ_FROM), *second = buffer_of(&buffers, other, READ_FROM);
    if (!PyErr_Occurred()) {
        Py_BEGIN_ALLOW_THREADS
        total = pq_squares(first->buf, second->buf, first->len / (Py_ssize_t)sizeof(float));
        Py_END_ALLOW_THREADS
    }
    return released_for(&buffers, total);
}

static PyObject *light_ratios_of(PyObject *self, PyObject *arguments)
{
    PyObject *bright, *dark, *out;
    float offset, most;
    int channel;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "OOiffO", &bright, &dark, &channel, &offset, &most, &out)) return NULL;
    Buffers buffers = {.count = 0};
    const Py_buffer *above = buffer_of(&buffers, bright, READ_FROM), *below = buffer_of(&buffers, dark, READ_FROM);
    const Py_buffer *ratios = buffer_of(&buffers, out, WRITTEN_TO);
    if (!PyErr_Occurred()) {
        Py_BEGIN_ALLOW_THREADS
        light_ratios(above->buf, below->buf, ratios->len / (Py_ssize_t)sizeof(float), channel, offset, most, ratios->buf);
        Py_END_ALLOW_THREADS
    }
    return released(&buffers);
}

static PyObject *single_gains_of(PyObject *self, PyObject *arguments)
{
    PyObject *hdr, *base, *gains, *weights;
    float base_offset, alternate_offset;
    double total = 0;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "OOffOO", &hdr, &base, &base_offset, &alternate_offset, &gains, &weights)) return NULL;
    Buffers buffers = {.count = 0};
    const Py_buffer *bright = buffer_of(&buffers, hdr, READ_FROM), *dark = buffer_of(&buffers, base, READ_FROM);
    const Py_buffer *found = buffer_of(&buffers, gains, WRITTEN_TO), *costs = buffer_of(&buffers, weights, WRITTEN_TO);
    if (!PyErr_Occurred()) {
        Py_BEGIN_ALLOW_THREADS
        total = single_gains(bright->buf, dark->buf, found->len / (Py_ssize_t)sizeof(float), base_offset, alternate_offset,
                             found->buf, costs->buf);
        Py_END_ALLOW_THREADS
    }
    return released_for(&buffers, total);
}

static Picture picture_of(const Py_buffer *view)
{
    const Picture picture = {view->buf, view->strides[0], view->strides[1], view->strides[2], view->itemsize, view->shape[2]};
    return picture;
}

static PyObject *window_means_of(PyObject *self, PyObject *arguments)
{
    PyObject *values, *down, *across, *line, *out;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "OOOOO", &values, &down, &across, &line, &out)) return NULL;
    Buffers buffers = {.count = 0};
    const Py_buffer *from = buffer_of(&buffers, values, PyBUF_STRIDES);
    const double *rows = values_of(&buffers, down), *columns = values_of(&buffers, across);
    float *room = values_of(&buffers, line);
    const Py_buffer *to = buffer_of(&buffers, out, PyBUF_CONTIG);
    if (!PyErr_Occurred()) {
        const Picture picture = picture_of(from);
        Py_BEGIN_ALLOW_THREADS
        window_means(&picture, from->shape[0], from->shape[1], rows, to->shape[0], columns, to->shape[1], room, to->buf);
        Py_END_ALLOW_THREADS
    }
    return released(&buffers);
}

/* Append the levels of a tuple of (wide, first, second, fraction) and tell how many they are. */
static ptrdiff_t add_levels(Buffers *buffers, GridInputs *inputs, ptrdiff_t have, PyObject *levels)
{
    const Py_ssize_t count = PyTuple_Size(levels);
    for (Py_ssize_t n = 0; n < count; n++) {
        PyObject *wide, *first, *second, *fraction;
        if (have + n == MOST_LEVELS) PyErr_SetString(PyExc_ValueError, "too many levels");
        if (PyErr_Occurred() || !PyArg_ParseTuple(PyTuple_GetItem(levels, n), "OOOO", &wide, &first, &second, &fraction))
            return 0;
        Level *level = &inputs->levels[have + n];
        const Py_buffer *cells = buffer_of(buffers, wide, PyBUF_ND);
        if (!cells) return 0;
        level->wide = cells->buf;
        level->channels = cells->shape[1];
        level->first = values_of(buffers, first);
        level->second = values_of(buffers, second);
        level->fraction = values_of(buffers, fraction);
    }
    return count < 0 ? 0 : count;
}

/* Of a tuple (base, scale, x, y, octaves, around, latents, details). */
static GridInputs inputs_of(Buffers *buffers, PyObject *tuple)
{
    GridInputs inputs = {.octaves = 0};
    PyObject *base, *x, *y, *around, *latents, *details;
    if (!PyArg_ParseTuple(tuple, "OfOOnOOO", &base, &inputs.scale, &x, &y, &inputs.octaves, &around, &latents, &details))
        return inputs;
    const Py_buffer *picture = buffer_of(buffers, base, PyBUF_STRIDES);
    if (!picture) return inputs;
    inputs.base = picture_of(picture);
    inputs.columns = picture->shape[1];
    inputs.x = values_of(buffers, x);
    inputs.y = values_of(buffers, y);
    inputs.around = add_levels(buffers, &inputs, 0, around);
    inputs.latents = add_levels(buffers, &inputs, inputs.around, latents);
    inputs.details = add_levels(buffers, &inputs, inputs.around + inputs.latents, details);
    inputs.features = 5 + 3 * inputs.around + 6 * inputs.octaves + inputs.latents;
    return inputs;
}

static PyObject *features_of(PyObject *self, PyObject *arguments)
{
    PyObject *tuple, *out;
    Py_ssize_t start;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "OOn", &tuple, &out, &start)) return NULL;
    Buffers buffers = {.count = 0};
    const GridInputs inputs = inputs_of(&buffers, tuple);
    const Py_buffer *features = buffer_of(&buffers, out, PyBUF_CONTIG);
    if (!PyErr_Occurred()) {
        Py_BEGIN_ALLOW_THREADS
        grid_features(&inputs, features->buf, start, features->shape[0]);
        Py_END_ALLOW_THREADS
    }
    return released(&buffers);
}

static PyObject *residual_of(PyObject *self, PyObject *arguments)
{
    PyObject *tuple, *first, *second, *third, *out;
    float scale, shift;
    Py_ssize_t start;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "OOOOffOn", &tuple, &first, &second, &third, &scale, &shift, &out, &start)) return NULL;
    Buffers buffers = {.count = 0};
    const GridInputs inputs = inputs_of(&buffers, tuple);
    const Py_buffer *last = buffer_of(&buffers, third, PyBUF_ND), *residual = buffer_of(&buffers, out, PyBUF_CONTIG);
    const float *weights = values_of(&buffers, first), *middle = values_of(&buffers, second);
    if (!PyErr_Occurred()) {
        const Network network = {{weights, middle, last->buf}, inputs.features, last->shape[0] - 1, last->shape[1]};
        Py_BEGIN_ALLOW_THREADS
        grid_residual(&inputs, &network, scale, shift, residual->buf, start, residual->shape[0]);
        Py_END_ALLOW_THREADS
    }
    return released(&buffers);
}

static PyObject *published_residual_of(PyObject *self, PyObject *arguments)
{
    PyObject *base, *by_row, *by_column, *first, *second, *third, *out;
    Published network = {.octaves = 0};
    (void)self;
    if (!PyArg_ParseTuple(arguments, "OffnOOOOOffO", &base, &network.shift, &network.scale, &network.octaves, &by_row,
                          &by_column, &first, &second, &third, &network.residual_scale, &network.residual_shift, &out))
        return NULL;
    Buffers buffers = {.count = 0};
    const Py_buffer *pixels = buffer_of(&buffers, base, PyBUF_ND), *last = buffer_of(&buffers, third, PyBUF_ND);
    network.by_row = values_of(&buffers, by_row);
    network.by_column = values_of(&buffers, by_column);
    network.weights[0] = values_of(&buffers, first);
    network.weights[1] = values_of(&buffers, second);
    float *residual = values_of(&buffers, out);
    if (!PyErr_Occurred()) {
        network.weights[2] = last->buf;
        network.neurons = last->shape[0] - 1;
        network.outputs = last->shape[1];
        Py_BEGIN_ALLOW_THREADS
        published_residual(&network, pixels->buf, pixels->shape[0], pixels->shape[1], residual);
        Py_END_ALLOW_THREADS
    }
    return released(&buffers);
}

/* The gains of a tuple (values, first, second, fraction, left, right, across). */
static void add_gains(Buffers *buffers, Rendition *rendition, PyObject *tuple)
{
    PyObject *values, *first, *second, *fraction, *left, *right, *across;
    if (!PyArg_ParseTuple(tuple, "OOOOOOO", &values, &first, &second, &fraction, &left, &right, &across)) return;
    const Py_buffer *gains = buffer_of(buffers, values, PyBUF_ND);
    if (!gains) return;
    rendition->gains = gains->buf;
    rendition->channels = gains->shape[1];
    rendition->cells = gains->shape[2];
    rendition->first = values_of(buffers, first);
    rendition->second = values_of(buffers, second);
    rendition->fraction = values_of(buffers, fraction);
    rendition->left = values_of(buffers, left);
    rendition->right = values_of(buffers, right);
    rendition->across = values_of(buffers, across);
}

static PyObject *render_strip(PyObject *self, PyObject *arguments)
{
    PyObject *base, *curves, *luma, *to_maths, *offsets, *gains, *from_maths, *room, *out;
    Rendition rendition = {.rows = 0};
    (void)self;
    if (!PyArg_ParseTuple(arguments, "OOOfOiffOOOOO", &base, &curves, &luma, &rendition.gamma, &to_maths, &rendition.domain,
                          &rendition.weight, &rendition.brightest, &offsets, &gains, &from_maths, &room, &out))
        return NULL;
    Buffers buffers = {.count = 0};
    const Py_buffer *pixels = buffer_of(&buffers, base, PyBUF_STRIDES), *light = buffer_of(&buffers, curves, PyBUF_ND);
    const Py_buffer *place = buffer_of(&buffers, out, PyBUF_STRIDED);
    const float *both = values_of(&buffers, offsets);
    float *lines = values_of(&buffers, room);
    rendition.luma = values_of(&buffers, luma);
    rendition.to_maths = values_of(&buffers, to_maths);
    rendition.from_maths = values_of(&buffers, from_maths);
    if (gains != Py_None) add_gains(&buffers, &rendition, gains);
    if (!PyErr_Occurred()) {
        rendition.base = picture_of(pixels);
        rendition.rows = place->shape[0];
        rendition.columns = place->shape[1];
        rendition.curves = light ? light->buf : NULL;
        rendition.entries = light ? light->shape[1] : 0;
        rendition.base_offset = both;
        rendition.alternate_offset = both + 3;
        Py_BEGIN_ALLOW_THREADS
        render(&rendition, place->buf, place->strides[0], place->strides[1], lines);
        Py_END_ALLOW_THREADS
    }
    return released(&buffers);
}

static PyObject *elementary(PyObject *self, PyObject *arguments)
{
    int function;
    PyObject *values, *out;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "iOO", &function, &values, &out)) return NULL;
    Buffers buffers = {.count = 0};
    const Py_buffer *from = buffer_of(&buffers, values, PyBUF_ND);
    float *to = values_of(&buffers, out);
    if (!PyErr_Occurred()) {
        Py_BEGIN_ALLOW_THREADS
        compute_elementary(function, from->buf, from->len / (ptrdiff_t)sizeof(float), to);
        Py_END_ALLOW_THREADS
    }
    return released(&buffers);
}

static PyMethodDef functions[] = {
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
    {"fit_factorize", fit_factorize, METH_VARARGS, NULL},
    {"fit_solve", fit_solve, METH_VARARGS, NULL},
    {"fit_round", fit_round, METH_VARARGS, NULL},
    {"pq_codes", pq_codes_of, METH_VARARGS, NULL},
    {"pq_squares", pq_squares_of, METH_VARARGS, NULL},
    {"light_ratios", light_ratios_of, METH_VARARGS, NULL},
    {"single_gains", single_gains_of, METH_VARARGS, NULL},
    {"window_means", window_means_of, METH_VARARGS, NULL},
    {"features_of", features_of, METH_VARARGS, NULL},
    {"residual_of", residual_of, METH_VARARGS, NULL},
    {"published_residual", published_residual_of, METH_VARARGS, NULL},
    {"elementary", elementary, METH_VARARGS, NULL},
    {"render", render_strip, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "loops", NULL, -1, functions, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_loops(void)
{
    return PyModule_Create(&definition);
}
