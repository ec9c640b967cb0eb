namespace Audit.Lifecycle.Tests.Support;

/// <summary>Messages of one call in the order of their arrival.</summary>
internal sealed record MessageList(IReadOnlyList<Spec> Specs)
{
    public CallMessage[] Messages { get; } = [.. Specs.Select(spec => spec.Message())];

    /// <summary>The same list without one of its messages, for each of them.</summary>
    public static IEnumerable<MessageList> Shorter(MessageList list) =>
        list.Specs.Select((_, left) => new MessageList([.. list.Specs.Where((_, index) => index != left)]));

    public CallStory Send() => CallStory.Of(Messages);

    public override string ToString() => string.Join('\n', Specs.Select(Describe));

    private static string Describe(Spec spec) => string.Join(
        ' ', spec, "received", spec.ReceivedAtSecond, "seq", spec.Seq, "id", spec.MessageId, "host", spec.Token, "task",
        spec.TaskId, spec.MadeByNode ? "node" : "", "derived", spec.DerivedId, spec.OversizedBytes);
}
