// Checks in the browser that an event is in the log: what is shown must be what the stored row says, the row must be the
// one of the log's entry, the entry's path must lead to the root of the checkpoint, and the log's key must have signed that.
import { base64, entryOf, isSigned, leafHash, parseProof, rootOf, same } from './merkle.js';

const sealed = ',"payload":"';

async function read(address) {
    const answer = await fetch(address);
    if (!answer.ok) {
        throw new Error((await answer.json()).detail);
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(await answer.arrayBuffer());
}

async function verify(position, key) {
    if (!window.isSecureContext) {
        return [false, 'This browser hashes only on https or localhost; use audit verify.'];
    }
    const [event, stored] = await Promise.all([read(`/v1/events/${position}`), read(`/v1/proofs/${position}/row`)]);
    const row = JSON.parse(stored);
    // All but the content itself, which lies sealed in the row, and the proof of its writer.
    const message = new TextDecoder('utf-8', { fatal: true }).decode(base64(row.message_base64));
    const at = Math.max(message.lastIndexOf(sealed), 0) || message.lastIndexOf(',"mac":"');
    if (at < 0 || !event.includes(`"event":${message.slice(0, at)}`)) {
        return [false, 'The event that is shown is not what the stored row says.'];
    }
    const { index, path, checkpoint } = parseProof(row.proof);
    const root = await rootOf(index, checkpoint.size, await leafHash(await entryOf(row)), path);
    if (root === null || !same(root, checkpoint.root)) {
        return [false, `The event does not lead to the root of the checkpoint of ${checkpoint.size} entries.`];
    }
    const signed = await isSigned(checkpoint, key);
    if (signed === false) {
        return [false, 'The checkpoint is not signed by the key of this log.'];
    }
    return [true, `leaf ${index} leads by ${path.length} hashes to the root of ${checkpoint.size} entries`
        + (signed ? ', signed by the log\u2019s key' : '; this browser cannot check the signature')];
}

for (const place of document.querySelectorAll('[data-verify]')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = 'Verify here';
    button.setAttribute('aria-label', `Verify here the event at position ${place.dataset.verify}`);
    const result = document.createElement('span');
    result.setAttribute('role', 'status');
    place.append(button, ' ', result);
    button.addEventListener('click', async () => {
        result.className = '';
        result.textContent = 'checking\u2026';
        try {
            const [good, sentence] = await verify(place.dataset.verify, place.dataset.key);
            result.className = good ? 'verify-good' : 'verify-bad';
            result.textContent = (good ? '\u2713 verified: ' : '\u2715 FAILED: ') + sentence;
        } catch (failure) {
            result.className = 'verify-bad';
            result.textContent = `\u2715 could not be checked: ${failure.message}`;
        }
    });
}
