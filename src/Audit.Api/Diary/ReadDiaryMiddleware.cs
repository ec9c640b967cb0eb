namespace Audit.Api.Diary;

/// <summary>
/// Writes down every read of what the book says, before it is answered; a read that lasts at its begin, each minute and
/// at its end, which is there when its token ends. How the node fares is nobody's secret, and asked for every few
/// seconds.
/// </summary>
internal sealed class ReadDiaryMiddleware(
    RequestDelegate next, ReadDiary diary, FailureLog failures, TimeProvider clock, Redactor? redactor = null)
{
    private static readonly string[] NotOfTheBook = ["/v1/stats", "/metrics"];
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1), Second = TimeSpan.FromSeconds(1);

    public async Task InvokeAsync(HttpContext context)
    {
        if (!IsRead(context))
        {
            await next(context);
            return;
        }

        // Who refuses on the way answers after this.
        var trace = new ReadTrace();
        context.Response.RegisterForDispose(trace);
        var written = default(ReadTraceState);
        var status = 0;
        var before = new BeforeAnswer(async answered =>
        {
            (status, written) = (answered, trace.State());
            await diary.WriteAsync(ReadEntry.Of(context, "answered", status, written, redactor));
        });
        context.Features.Set(trace);
        context.Features.Set(before);

        // A refusal on the way is answered by who knows nothing of this.
        context.Response.OnStarting(
            () => before.HasRun ? Task.CompletedTask : before.RunAsync(context.Response.StatusCode));
        using var ended = new CancellationTokenSource();
        var minutes = FollowAsync();
        try
        {
            await next(context);
        }
        finally
        {
            await ended.CancelAsync();
            await minutes;
            await NoteAsync("ended");
        }

        async Task FollowAsync()
        {
            var noted = clock.GetTimestamp();
            while (!ended.IsCancellationRequested)
            {
                await Task.Delay(Second, clock, ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (ended.IsCancellationRequested)
                {
                    return;
                }

                if (context.Response.HasStarted && !Lasts() && !await HoldsAsync())
                {
                    // A copy that is cut cannot be taken for a whole one.
                    context.Abort();
                    return;
                }

                if (clock.GetElapsedTime(noted) >= Minute)
                {
                    noted = clock.GetTimestamp();
                    await NoteAsync("going on");
                }
            }
        }

        // Live events end by a last one of their own.
        bool Lasts() => context.Response.ContentType == "text/event-stream";

        async Task<bool> HoldsAsync()
        {
            try
            {
                return await context.Admission().HoldsAsync(ended.Token);
            }
            catch (Exception failure) when (failure is JournalUnavailableException or OperationCanceledException)
            {
                // Whoever was let in stays while the store cannot be asked.
                return true;
            }
        }

        // What was given since the last row; the answer is on its way, and is not taken back.
        async Task NoteAsync(string phase)
        {
            var state = trace.State();
            if (status != 0 && (Lasts() || state.Count != written.Count))
            {
                written = state;
                try
                {
                    await diary.WriteAsync(ReadEntry.Of(context, phase, status, state, redactor));
                }
                catch (RefusedException failure)
                {
                    failures.Report("diary of reads", failure);
                    context.Abort();
                }
            }
        }
    }

    private static bool IsRead(HttpContext context) =>
        HttpMethods.IsGet(context.Request.Method)
        && context.Features.Get<Admission>() is not null
        && context.GetEndpoint()?.Metadata.GetMetadata<ScopeRule>()?.Scope is not (Scope.Public or Scope.Digests)
        && !NotOfTheBook.Contains(context.Request.Path.Value);
}
