namespace Audit.Journal.Tests;

/// <summary>How long a test waits before it calls something hung.</summary>
internal static class Patience
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static Task<T> OrHung<T>(this Task<T> task) => task.WaitAsync(Limit);

    public static Task OrHung(this Task task) => task.WaitAsync(Limit);
}
