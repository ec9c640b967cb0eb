namespace Audit.Lifecycle.Tests.Support;

/// <summary>Compares histories link by link; their own equality would descend through all of them at once.</summary>
internal static class Histories
{
    public static void Same(CallHistory expected, CallHistory actual)
    {
        Assert.Equal(
            expected with { Latest = null, Answers = null }, actual with { Latest = null, Answers = null });
        Assert.Equal(Answers(expected), Answers(actual));
        Assert.Equal(Facts(expected), Facts(actual));
    }

    public static IReadOnlyList<Entry> Entries(CallHistory history)
    {
        var entries = new List<Entry>();
        for (var entry = history.Latest; entry is not null; entry = entry.Earlier)
        {
            entries.Add(entry);
        }

        entries.Reverse();
        return entries;
    }

    private static IEnumerable<long> Answers(CallHistory history)
    {
        for (var link = history.Answers; link is not null; link = link.Earlier)
        {
            yield return link.Entry.Sequence;
        }
    }

    private static IEnumerable<object> Facts(CallHistory history) =>
        Entries(history).Select(entry => (object)(entry.Sequence, entry.Weight, entry.Anchor?.Sequence, entry.IsAlsoDated, FactsOf(entry)));

    /// <summary>Of what does not count in the judgement only what makes it known again is kept for ever.</summary>
    private static object FactsOf(Entry entry) =>
        entry.Weight == EntryWeight.Judged ? entry.Message : (entry.Message.MessageId, entry.Message.Dedup);
}
