// Follows the journal: each event becomes a row. Pausing stops the reading and resuming goes on after the last event that
// was seen, so that nothing is lost between; so does a connection that broke.
const body = document.getElementById('tail');
const state = document.getElementById('tail-state');
const withAdministration = body.dataset.admin === 'true';
const mostRows = 300;

let after = body.dataset.after;
let seen = 0;
let reading = null;

const button = document.createElement('button');
button.type = 'button';
document.getElementById('tail-buttons').append(button);

function show(text) {
    state.textContent = text;
}

// What has no shape of its own, or would turn the line around, is named: see VisibleText.
function visible(text, most) {
    const shown = [...(text ?? '')].slice(0, most).map(character => {
        if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/u.test(character)) {
            const code = character.codePointAt(0);
            return code < 0x20 ? String.fromCodePoint(0x2400 + code) : `[U+${code.toString(16).toUpperCase().padStart(4, '0')}]`;
        }
        return character;
    }).join('');
    return (text ?? '').length > most ? shown + '\u2026' : shown;
}

function link(address, text) {
    const made = document.createElement('a');
    made.href = address;
    made.textContent = text;
    return made;
}

function pageOf(event) {
    if (event.window_id) {
        return `/window?id=${encodeURIComponent(event.window_id)}`;
    }
    if (!event.source || !event.session_id) {
        return null;
    }
    const source = `source=${encodeURIComponent(event.source)}`;
    return event.tool_call_id
        ? `/call?${source}&session=${encodeURIComponent(event.session_id)}&call=${encodeURIComponent(event.tool_call_id)}`
        : `/session?${source}&id=${encodeURIComponent(event.session_id)}`;
}

function add(row, name) {
    if (!withAdministration && /^(operator|reader)\|/.test(row.stream)) {
        return;
    }
    const event = row.event ?? {};
    const stream = visible(row.stream, 72);
    const page = pageOf(event);
    const move = event.to ? `${event.from} \u2192 ${event.to}` : event.reason ?? event.type ?? event.act ?? '';
    const line = document.createElement('tr');
    const written = document.createElement('time');
    written.dateTime = row.created;
    written.textContent = row.created.replace('T', ' ').slice(0, 23).replace('Z', '');
    const cells = [
        ['number', link(`/v1/events/${row.position}`, row.position)], ['', written], ['', name],
        ['id', page === null ? stream : link(page, stream)], ['code', visible(event.record?.tool_name, 32)],
        ['', visible(move.replaceAll('_', ' '), 80)], ['', visible(event.token, 32)],
    ];
    for (const [kind, content] of cells) {
        const cell = document.createElement('td');
        cell.className = kind;
        cell.append(content);
        line.append(cell);
    }
    body.prepend(line);
    seen++;
    while (body.rows.length > mostRows) {
        body.deleteRow(-1);
    }
}

function take(block) {
    let name = '';
    let data = null;
    let id = null;
    for (const line of block.split('\n')) {
        if (line.startsWith('id: ')) {
            id = line.slice(4);
        } else if (line.startsWith('event: ')) {
            name = line.slice(7);
        } else if (line.startsWith('data: ')) {
            data = line.slice(6);
        }
    }
    if (id !== null && data !== null) {
        add(JSON.parse(data), name);
        after = id;
    }
}

async function read(signal) {
    const answer = await fetch(`/v1/events?${body.dataset.query}`, { signal, headers: { Accept: 'text/event-stream', 'Last-Event-ID': after } });
    if (!answer.ok) {
        throw new Error(`the node answered ${answer.status}`);
    }
    show(`following, ${seen} new`);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
        const { done, value } = await reader.read();
        if (done) {
            return;
        }
        const blocks = (rest + value).split('\n\n');
        rest = blocks.pop();
        blocks.forEach(take);
        show(`following, ${seen} new`);
    }
}

async function follow() {
    const mine = reading = new AbortController();
    button.textContent = 'Pause';
    for (let pause = 500; !mine.signal.aborted; pause = Math.min(pause * 2, 15000)) {
        try {
            await read(mine.signal);
            pause = 500;
        } catch (failure) {
            if (mine.signal.aborted) {
                return;
            }
            show(`connecting again: ${failure.message}`);
        }
        await new Promise(resolve => setTimeout(resolve, pause));
    }
}

button.addEventListener('click', () => {
    if (reading === null) {
        follow();
        return;
    }
    reading.abort();
    reading = null;
    button.textContent = 'Resume';
    show(`paused after position ${after}; nothing is lost, resuming goes on from there`);
});

follow();
