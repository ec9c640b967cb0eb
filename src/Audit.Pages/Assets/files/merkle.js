// RFC 6962 hashes and proofs, and C2SP tlog-proof and checkpoints, checked with what the browser itself has.
const text = new TextEncoder();

export const hex = bytes => [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('');

export const same = (one, other) => one.length === other.length && one.every((byte, index) => byte === other[index]);

export function base64(line) {
    return Uint8Array.from(atob(line), character => character.charCodeAt(0));
}

export async function sha256(...parts) {
    const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) {
        bytes.set(part, at);
        at += part.length;
    }
    return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

export const leafHash = entry => sha256([0], entry);

const nodeHash = (left, right) => sha256([1], left, right);

// The root that a leaf at an index leads to in a tree of a size, or null where the path does not fit (RFC 9162, 2.1.3.2).
export async function rootOf(index, size, leaf, path) {
    if (index < 0n || index >= size) {
        return null;
    }
    let number = index;
    let last = size - 1n;
    let root = leaf;
    for (const hash of path) {
        if (last === 0n) {
            return null;
        }
        if ((number & 1n) === 1n || number === last) {
            root = await nodeHash(hash, root);
            while ((number & 1n) === 0n && number !== 0n) {
                number >>= 1n;
                last >>= 1n;
            }
        } else {
            root = await nodeHash(root, hash);
        }
        number >>= 1n;
        last >>= 1n;
    }
    return last === 0n ? root : null;
}

export function parseProof(proof) {
    const end = proof.indexOf('\n\n');
    const lines = proof.slice(0, end).split('\n');
    if (end < 0 || lines[0] !== 'c2sp.org/tlog-proof@v1') {
        throw new Error('this is no proof');
    }
    const rest = lines.slice(1).filter(line => !line.startsWith('extra '));
    if (!/^index (0|[1-9][0-9]*)$/.test(rest[0] ?? '')) {
        throw new Error('the proof names no index');
    }
    return { index: BigInt(rest[0].slice(6)), path: rest.slice(1).map(base64), checkpoint: parseCheckpoint(proof.slice(end + 2)) };
}

function parseCheckpoint(note) {
    const end = note.indexOf('\n\n');
    const [origin, size, root] = note.split('\n');
    return {
        origin, size: BigInt(size), root: base64(root), signed: note.slice(0, end + 1),
        signatures: note.slice(end + 2).split('\n').filter(line => line.startsWith('\u2014 ')).map(line => line.slice(2).split(' ')),
    };
}

// Whether the key signed the checkpoint; null where this browser cannot check it.
export async function isSigned(checkpoint, verifierKey) {
    const [name, , ...rest] = verifierKey.split('+');
    const key = base64(rest.join('+'));
    const line = checkpoint.signatures.find(([signer]) => signer === name);
    if (line === undefined || key[0] !== 1) {
        return false;
    }
    try {
        const imported = await crypto.subtle.importKey('raw', key.slice(1), { name: 'Ed25519' }, false, ['verify']);
        return await crypto.subtle.verify('Ed25519', imported, base64(line[1]).slice(4), text.encode(checkpoint.signed));
    } catch (failure) {
        if (failure.name === 'NotSupportedError') {
            return null;
        }
        throw failure;
    }
}

// The log's entry of a row, when the row as it is stored is the one that the entry names.
export async function entryOf(row) {
    const entry = JSON.parse(row.entry);
    const stream = hex(await sha256(base64(row.salt), text.encode(row.stream), [0], text.encode(row.manifest)));
    const digest = hex(await sha256(base64(row.message_base64)));
    if (entry.position !== row.position || entry.seq !== row.sequence || entry.stream !== stream || entry.sha256 !== digest) {
        throw new Error('the entry is not that of the row');
    }
    return text.encode(row.entry);
}
