using BenchmarkDotNet.Attributes;

namespace Audit.Benchmarks;

/// <summary>A call's life of three messages: decided as they come, and read again from the journal. Figures are for one message.</summary>
public class CallBenchmarks
{
    private const int MessagesOfCall = 3;

    private readonly CallMessage[] messages = new CallMessage[MessagesOfCall];
    private readonly CallEvent[] events = new CallEvent[MessagesOfCall];

    [GlobalSetup]
    public void Prepare()
    {
        var calls = ReadCalls.Of(new Workload(run: 1, records: 20_000).Messages);
        var whole = calls.GroupBy(call => call.Stream).First(call => call.Count() == MessagesOfCall).ToArray();
        var history = CallHistory.Empty;
        for (var index = 0; index < MessagesOfCall; index++)
        {
            messages[index] = whole[index].Message;
            var decision = CallDecider.Decide(history, messages[index]);
            events[index] = decision.Events[0];
            history = decision.After;
        }
    }

    [Benchmark(OperationsPerInvoke = MessagesOfCall)]
    public CallHistory Decide()
    {
        var history = CallHistory.Empty;
        foreach (var message in messages)
        {
            history = CallDecider.Decide(history, message).After;
        }

        return history;
    }

    [Benchmark(OperationsPerInvoke = MessagesOfCall)]
    public CallHistory Evolve()
    {
        var history = CallHistory.Empty;
        foreach (var happened in events)
        {
            history = CallEvolution.Evolve(history, happened);
        }

        return history;
    }
}
