using System.Text.Json;
using System.Text.Json.Serialization;
using Audit.Node.CommandLine.Reading;

namespace Audit.Node.CommandLine.Demo;

/// <summary>One session of one agent: its calls and notes, numbered by their host.</summary>
internal sealed class DemoScene(List<DemoStep> steps, string host, string session, string? task, string agent, string provider, string model)
{
    private static readonly JsonSerializerOptions WithoutNulls = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    private readonly List<(DateTimeOffset At, object? Record, object? Note)> told = [];
    private int calls;

    public string Agent => agent;

    public string Provider => provider;

    public string Model => model;

    public int Turn { get; private set; } = 1;

    public DemoScene NextTurn()
    {
        Turn++;
        return this;
    }

    public DemoCall Call(string tool, object input, string tier = "Observe") => new(this, $"call_{session[..4]}_{++calls:000}", tool, input, tier);

    public DemoScene Note(DateTimeOffset at, string type, object? detail = null)
    {
        told.Add((at, null, new { type, at = at.UtcDateTime.ToString("O"), detail }));
        return this;
    }

    public void Add(DateTimeOffset at, object record) => told.Add((at, record, null));

    /// <summary>Sends all of it in the order of its times, as a host does that numbers what it sends.</summary>
    /// <param name="lost">The number of a message that never arrives; 0 for none.</param>
    public void Tell(int lost = 0)
    {
        var seq = 0;
        foreach (var (at, record, note) in told.OrderBy(one => one.At))
        {
            if (++seq == lost)
            {
                continue;
            }

            var item = new { session_id = session, task_id = task, agent, seq, record, note };
            steps.Add(new DemoStep(at.AddMilliseconds(180), host, "v1/records", JsonSerializer.Serialize(item, WithoutNulls)));
        }
    }
}
