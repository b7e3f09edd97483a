// What hands do to the stage: wheel, one finger or mouse, two fingers, double click. Points are in CSS pixels from its corner.

/**
 * @param element That is touched.
 * @param on Callbacks: `zoom(point, factor)`, `pan(across, down)`, `point(point)` under the cursor or null, `toggle(point)`
 *   for a double click; `canZoomOut()` tells whether the wheel has something to do that way.
 */
export function watchGestures(element, on) {
  const hands = new Map();
  const pointOf = ({ clientX, clientY }) => {
    const { left, top } = element.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  };

  element.addEventListener("wheel", (event) => {
    if (event.deltaY > 0 && !on.canZoomOut()) return; // the page scrolls
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1);
    on.zoom(pointOf(event), Math.exp(-pixels * (event.ctrlKey ? 0.01 : 0.002)));
  }, { passive: false });

  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest("input, button")) return;
    element.setPointerCapture(event.pointerId);
    hands.set(event.pointerId, pointOf(event));
    on.point(pointOf(event));
  });

  element.addEventListener("pointermove", (event) => {
    const now = pointOf(event);
    const before = hands.get(event.pointerId);
    if (before) moved(event.pointerId, before, now);
    on.point(now);
  });

  function moved(id, before, now) {
    const [other] = [...hands].filter(([each]) => each !== id).map(([, point]) => point);
    hands.set(id, now);
    if (hands.size === 1) on.pan(now.x - before.x, now.y - before.y);
    if (hands.size !== 2) return;
    on.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    const distance = (point) => Math.hypot(point.x - other.x, point.y - other.y);
    on.zoom({ x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 }, distance(now) / Math.max(distance(before), 1));
  }

  for (const name of ["pointerup", "pointercancel"]) {
    element.addEventListener(name, (event) => hands.delete(event.pointerId));
  }
  element.addEventListener("pointerleave", ({ pointerType }) => pointerType === "touch" || on.point(null)); // a finger leaves what it read
  element.addEventListener("dblclick", (event) => event.target.closest("input, button") || on.toggle(pointOf(event)));
}
