namespace Audit.Api.Access;

/// <summary>
/// What must be done before the first byte of an answer is sent; where it fails, nothing is answered.
/// </summary>
internal sealed class BeforeAnswer(Func<int, Task> work)
{
    private Task? done;

    public bool HasRun => done is not null;

    public Task RunAsync(int status) => done ??= work(status);
}

internal static class BeforeAnswerOfRequest
{
    /// <summary>Called by whoever knows the answer, and is about to send it.</summary>
    public static Task BeforeAnswerAsync(this HttpContext context, int status) =>
        context.Features.Get<BeforeAnswer>()?.RunAsync(status) ?? Task.CompletedTask;
}
