using System.Text.Json.Serialization;

namespace Audit.Projections.Models;

/// <summary>A task: what was done in its name, and how that stood to its windows.</summary>
/// <param name="Id">The position of the first event that names it.</param>
/// <param name="Violations">Standing violations of its calls.</param>
/// <param name="Judged">Its calls by the gravest judgement that each has.</param>
public sealed record TaskModel(
    long Id, string TaskId, NameSet Agents, int Windows = 0, int Calls = 0, int OpenCalls = 0, int Violations = 0,
    JudgementCounts Judged = default, Timestamp? FirstAt = null, Timestamp? LastAt = null, long LastPosition = 0)
{
    /// <summary>A row is read by its members: by the parameters each value would be boxed.</summary>
    [JsonConstructor]
    private TaskModel()
        : this(0, "", NameSet.Empty)
    {
    }
}
