// A stretch of a drawing of time is looked at by drawing over it. Without this module each bar is a link to its own time.
let start = null;
let drawn = null;

const place = (svg, event) => {
    const box = svg.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
};

document.addEventListener('pointerdown', event => {
    const svg = event.target instanceof Element ? event.target.closest('svg[data-brush]') : null;
    if (svg !== null && event.isPrimary && event.button === 0) {
        start = { svg, at: place(svg, event), x: event.clientX };
    }
});

document.addEventListener('pointermove', event => {
    if (start === null || (drawn === null && Math.abs(event.clientX - start.x) < 6)) {
        return;
    }
    if (drawn === null) {
        drawn = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
        drawn.setAttribute('class', 'brush');
        drawn.setAttribute('y', '0');
        drawn.setAttribute('height', '120');
        start.svg.append(drawn);
    }
    const at = place(start.svg, event);
    drawn.setAttribute('x', String(Math.min(start.at, at) * 1000));
    drawn.setAttribute('width', String(Math.abs(at - start.at) * 1000));
});

document.addEventListener('pointerup', event => {
    const begun = start;
    start = null;
    if (begun === null || drawn === null) {
        return;
    }
    drawn.remove();
    drawn = null;
    const [from, until] = [Date.parse(begun.svg.dataset.from), Date.parse(begun.svg.dataset.until)];
    const ends = [begun.at, place(begun.svg, event)].sort((one, other) => one - other)
        .map(part => new Date(from + part * (until - from)).toISOString());
    // The click that follows is the end of the drawing, and follows no link.
    document.addEventListener('click', click => click.preventDefault(), { capture: true, once: true });
    location.assign(begun.svg.dataset.brush.replace('%40from%40', ends[0]).replace('%40until%40', ends[1]));
});

document.addEventListener('dragstart', event => {
    if (start !== null) {
        event.preventDefault();
    }
});
