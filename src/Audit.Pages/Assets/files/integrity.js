// Shows how far a verification is until it has ended. Without this module the page loads itself again.
async function follow() {
    for (let shown = document.getElementById('verification'); shown?.dataset.running === 'true'; shown = document.getElementById('verification')) {
        await new Promise(resolve => setTimeout(resolve, 400));
        const answer = await fetch('/integrity', { headers: { Accept: 'text/html' } });
        const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
        const next = page.getElementById('verification');
        if (!answer.ok || next === null) {
            location.reload();
            return;
        }
        shown.replaceWith(document.adoptNode(next));
    }
}

follow();
