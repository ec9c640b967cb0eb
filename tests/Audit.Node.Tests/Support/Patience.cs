using System.Diagnostics;

namespace Audit.Node.Tests.Support;

/// <summary>Waits for what comes of itself. Only a failure lasts as long as this may.</summary>
internal static class Patience
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(3);

    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var since = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(since) < Longest, $"In {Longest.TotalSeconds} s it did not come about that {what}.");
            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }
    }
}
