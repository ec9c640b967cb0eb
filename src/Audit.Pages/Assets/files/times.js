// Shows times as the reader wants them: as they are sent, in the zone of the browser, or how long ago. The exact one is its title.
const forms = { utc: 'UTC', local: `local (${Intl.DateTimeFormat().resolvedOptions().timeZone})`, ago: 'how long ago' };
const two = (number, digits = 2) => String(number).padStart(digits, '0');
const steps = [[60, 's', 1], [3600, 'min', 60], [86400, 'h', 3600], [Infinity, 'd', 86400]];

let form = 'utc';
try {
    form = localStorage.getItem('times') ?? 'utc';
} catch {
    // A browser that keeps nothing shows what was sent.
}

function ago(time) {
    const seconds = Math.round((Date.now() - time) / 1000);
    const [, unit, length] = steps.find(([below]) => Math.abs(seconds) < below);
    const count = `${Math.floor(Math.abs(seconds) / length)} ${unit}`;
    return seconds < 0 ? `in ${count}` : `${count} ago`;
}

function local(time, shape) {
    const parts = {
        yyyy: two(time.getFullYear(), 4), MM: two(time.getMonth() + 1), dd: two(time.getDate()), HH: two(time.getHours()),
        mm: two(time.getMinutes()), ss: two(time.getSeconds()), fff: two(time.getMilliseconds(), 3),
    };
    return shape.replace(/yyyy|MM|dd|HH|mm|ss|fff/g, part => parts[part]);
}

function show(element) {
    const exact = element.dataset.time ?? element.dateTime;
    element.dataset.sent ??= element.textContent;
    const time = new Date(exact);
    if (element.dataset.time === undefined) {
        element.title = `${exact} (${ago(time)})`;
    }
    const shape = element.dataset.form ?? (/\.\d{3}/.test(element.dataset.sent) ? 'yyyy-MM-dd HH:mm:ss.fff' : 'yyyy-MM-dd HH:mm:ss');
    element.textContent = form === 'local' ? local(time, shape)
        : form === 'ago' && element.dataset.time === undefined ? ago(time) : element.dataset.sent;
}

const all = root => root.querySelectorAll('time[datetime], text[data-time]');
all(document).forEach(show);
new MutationObserver(changes => changes.forEach(change => change.addedNodes.forEach(node => {
    if (node instanceof Element && !node.matches('time, text')) {
        all(node).forEach(show);
    }
}))).observe(document.getElementById('main'), { childList: true, subtree: true });

const place = document.getElementById('zone');
if (place !== null) {
    const label = document.createElement('label');
    label.textContent = 'Times: ';
    const choice = document.createElement('select');
    for (const [value, name] of Object.entries(forms)) {
        choice.append(new Option(name, value, false, value === form));
    }
    label.append(choice);
    place.replaceChildren(label);
    choice.addEventListener('change', () => {
        form = choice.value;
        try {
            localStorage.setItem('times', form);
        } catch {
            // It holds for this page.
        }
        all(document).forEach(show);
    });
}
