// Moves through the rows of a page: j and k to the next and the one before, Enter follows the link, g goes to the top.
const links = () => [...document.querySelectorAll('main tbody tr, main .event, main .short li')]
    .map(row => row.querySelector('a')).filter(link => link !== null);

const isTyping = target => target instanceof Element && target.closest('input, textarea, select, [contenteditable]') !== null;

document.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) {
        return;
    }
    const all = links();
    const now = all.indexOf(document.activeElement);
    if (event.key === 'j' || event.key === 'k') {
        all[event.key === 'j' ? Math.min(now + 1, all.length - 1) : Math.max(now - 1, 0)]?.focus();
        event.preventDefault();
    } else if (event.key === 'g') {
        document.getElementById('main').focus();
        window.scrollTo(0, 0);
    } else if (event.key === '/') {
        const box = document.querySelector('main input[type=search]');
        if (box !== null) {
            box.focus();
            event.preventDefault();
        }
    }
});
