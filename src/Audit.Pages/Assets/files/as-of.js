// The slider shows the session as it was while it moves. Without this module the form does it by its button.
const form = document.querySelector('[data-as-of]');
const slider = form.elements.at;
const shown = document.getElementById('as-of-at');
let running = null;

function address() {
    const here = new URL(location.href);
    here.searchParams.delete('at');
    // At its end the slider stands at now, which goes on.
    if (slider.value !== slider.max) {
        here.searchParams.set('at', slider.value);
    }
    return here;
}

async function show() {
    running?.abort();
    const mine = running = new AbortController();
    const wanted = address();
    try {
        const answer = await fetch(wanted, { signal: mine.signal, headers: { Accept: 'text/html' } });
        const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
        const view = page.getElementById('as-of-view');
        if (!answer.ok || view === null) {
            location.assign(wanted);
            return;
        }
        document.getElementById('as-of-view').replaceWith(document.adoptNode(view));
        form.querySelector('.steps').replaceWith(document.adoptNode(page.querySelector('[data-as-of] .steps')));
        history.replaceState(null, '', wanted);
    } catch (failure) {
        if (failure.name !== 'AbortError') {
            location.assign(wanted);
        }
    }
}

slider.addEventListener('input', () => {
    shown.value = slider.value;
    show();
});
