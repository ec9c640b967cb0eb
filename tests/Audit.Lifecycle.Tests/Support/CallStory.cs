namespace Audit.Lifecycle.Tests.Support;

/// <summary>Gives messages to a call and keeps its book, as an engine does.</summary>
internal sealed class CallStory
{
    private readonly List<CallEvent> events = [];
    private readonly SortedDictionary<long, Verdict> book = [];

    public CallHistory History { get; private set; } = CallHistory.Empty;

    public IReadOnlyList<CallEvent> Events => events;

    /// <summary>By sequence what the book says of each message, with all that was judged anew.</summary>
    public IReadOnlyDictionary<long, Verdict> Book => book;

    public CallState State => History.Standing.State;

    public static CallStory Of(params CallMessage[] messages)
    {
        var story = new CallStory();
        foreach (var message in messages)
        {
            story.Receive(message);
        }

        return story;
    }

    public CallDecision Receive(CallMessage message)
    {
        var decision = CallDecider.Decide(History, Say.Sealed(Answering(History, message)));
        var sequence = History.Sequence;
        foreach (var happened in decision.Events)
        {
            Note(++sequence, happened);
        }

        History = decision.After;
        return decision;
    }

    /// <summary>A decision of the node is on the question that stands, where a test does not say on which.</summary>
    public static CallMessage Answering(CallHistory history, CallMessage message) =>
        message is { MadeByNode: true, Answers: null, Kind: MessageKind.Approved or MessageKind.Blocked }
            ? message with
            {
                Answers = new Answer(history.Standing.Asked, history.Standing.Question),
                Token = message.Token == "ci-8" ? "ci-7" : "ada",
            }
            : message;

    private void Note(long sequence, CallEvent happened)
    {
        events.Add(happened);
        switch (happened)
        {
            case CallEvent.Received received:
                book[sequence] = received.Verdict;
                break;
            case CallEvent.Rejudged rejudged:
                Assert.True(book[rejudged.Sequence].RulesAs(rejudged.Was), "what it was is what the book says");
                book[rejudged.Sequence] = rejudged.Now;
                break;
        }
    }
}
