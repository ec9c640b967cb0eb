// Completes the last term of a query: keys first, and after a colon the values that the key has had.
const box = document.getElementById('q');
const list = document.getElementById('suggestions');
const copy = document.getElementById('copy');
let keys = null;
let asked = '';

async function read(address) {
    const answer = await fetch(address);
    return answer.ok ? (await answer.json()).items : [];
}

function suggest(options) {
    list.replaceChildren(...options.map(([value, says]) => {
        const option = document.createElement('option');
        option.value = value;
        option.textContent = says;
        return option;
    }));
}

async function complete() {
    const [, before, term] = /^(.*?)([^\s"]*)$/s.exec(box.value);
    if (term === asked) {
        return;
    }
    asked = term;
    const [, minus, key, value] = /^(-?)([a-z]+):([^,]*)$/.exec(term) ?? [null, '', null, ''];
    keys ??= await read('/v1/search/keys');
    if (key !== null && keys.some(known => known.key === key)) {
        const values = await read(`/v1/search/values?key=${key}&prefix=${encodeURIComponent(value)}`);
        if (asked === term) {
            suggest(values.slice(0, 30).map(one => [`${before}${minus}${key}:${/^[\w.-]+$/.test(one) ? one : JSON.stringify(one)}`, one]));
        }
        return;
    }
    const word = term.replace(/^-/, '');
    suggest(keys.filter(known => known.key.startsWith(word)).map(known => [`${before}${term.startsWith('-') ? '-' : ''}${known.key.replace('.<path>', '.')}${known.key.includes('.') ? '' : ':'}`, known.says]));
}

box.addEventListener('input', () => void complete());

if (copy !== null && navigator.clipboard !== undefined) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'quiet';
    button.textContent = 'Copy';
    const note = document.createElement('span');
    note.setAttribute('role', 'status');
    copy.append(button, note);
    button.addEventListener('click', async () => {
        await navigator.clipboard.writeText(copy.dataset.command);
        note.textContent = ' copied';
    });
}
