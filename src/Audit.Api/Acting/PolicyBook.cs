using System.Collections.Concurrent;
using Audit.Api.Diary;

namespace Audit.Api.Acting;

/// <summary>A policy as it holds now.</summary>
/// <param name="Policy">Null where no file was given: nothing is enforced.</param>
/// <param name="Text">The file as it lies there.</param>
/// <param name="Trouble">Why the file as it is now does not hold; then the last one that could be read goes on.</param>
internal sealed record PolicyNow(DecisionPolicy? Policy, string Text, string? Trouble)
{
    /// <summary>`none`, `observe` or `enforce`.</summary>
    public string Mode => Policy is null ? "none" : Policy.Observes ? "observe" : "enforce";

    /// <summary>How health shows it.</summary>
    public string State => Trouble is null ? Mode : "broken";
}

/// <summary>
/// The policy of the node. Its file is looked at whenever somebody asks, so that a change holds for the next question;
/// what is broken is heard, and changes nothing.
/// </summary>
internal sealed partial class PolicyBook(
    ApiSettings settings, IAuditStore store, OperatorActs acts, FailureLog failures, ILogger<PolicyBook> log)
{
    private const string Used = "policy.used";
    private const string Version = "version";

    private readonly Lock gate = new();
    private readonly SemaphoreSlim turn = new(1);
    private readonly ConcurrentDictionary<string, bool> written = new();
    private readonly ActReader reader = new(store.Journal);
    private (DateTime At, long Length) seen;
    private PolicyNow now = new(null, "", null);

    public PolicyNow Now
    {
        get
        {
            if (settings.PolicyFile is null)
            {
                return now;
            }

            lock (gate)
            {
                return now = Look(settings.PolicyFile);
            }
        }
    }

    /// <summary>Has it in the book what the policy says, before anything is decided by it.</summary>
    /// <exception cref="JournalUnavailableException">It is not known whether it was written.</exception>
    public async ValueTask WriteDownAsync(PolicyNow used, CancellationToken cancellation)
    {
        if (used.Policy is not { } policy || written.ContainsKey(policy.Version))
        {
            return;
        }

        await turn.WaitAsync(cancellation);
        try
        {
            await reader.ReadOnAsync(StreamNames.Policies, Take, cancellation);
            if (!written.ContainsKey(policy.Version))
            {
                await acts.WriteFactsAsync(
                    StreamNames.Policies, Used, OperatorActs.Node,
                    json => json.WriteString(Version, policy.Version),
                    json => json.WriteString("file", used.Text));
                written[policy.Version] = true;
            }
        }
        finally
        {
            turn.Release();
        }
    }

    private void Take(EventView view)
    {
        if (view.IsObject(EventField.Facts))
        {
            var facts = JsonElement.Parse(view.Raw(EventField.Facts));
            written[facts.GetProperty(Version).GetString()!] = true;
        }
    }

    private PolicyNow Look(string file)
    {
        try
        {
            var there = new FileInfo(file);
            var stamp = there.Exists ? (there.LastWriteTimeUtc, there.Length) : default;
            if (there.Exists && stamp == seen)
            {
                return now;
            }

            seen = stamp;
            var bytes = File.ReadAllBytes(file);
            var policy = PolicyFile.Parse(bytes);
            if (policy.Version != now.Policy?.Version)
            {
                LogHolds(policy.Version, policy.Rules.Count);
            }

            return new PolicyNow(policy, Encoding.UTF8.GetString(bytes), null);
        }
        catch (Exception wrong) when (wrong is UnreadableException or IOException or UnauthorizedAccessException)
        {
            var trouble = $"The policy {file} cannot be used: {wrong.Message}";
            if (trouble != now.Trouble)
            {
                failures.Report("policy file", new InvalidDataException(trouble, wrong));
            }

            // What cannot be opened may be opened later without having been changed.
            seen = wrong is UnreadableException ? seen : default;

            // A node that was started with a policy never goes on without one.
            return now with { Policy = now.Policy ?? PolicyFile.Parse("{}"u8.ToArray()), Trouble = trouble };
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The policy {Version} with {Rules} rules holds from now on")]
    private partial void LogHolds(string version, int rules);
}

/// <summary>`/v1/policy`: what decides now, and how such a file is written.</summary>
internal sealed class PolicyEndpoints(PolicyBook policies) : IEndpointGroup
{
    private static readonly byte[] Schema = Encoding.UTF8.GetBytes(PolicySchema.Text);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Get("/v1/policy/schema", SchemaAsync, Roles.Any, "The JSON Schema of a policy file.")
            .Scoped(Scope.Public);
        routes.Get("/v1/policy", GetAsync, Roles.Read | Roles.Approve, "Shows the policy that decides now.")
            .Produces<PolicyAnswer>().Scoped(Scope.Unbound);
    }

    private static Task<IResult> SchemaAsync(HttpContext context) =>
        Task.FromResult(Reply.Content(Schema, "application/schema+json"));

    private Task<IResult> GetAsync(HttpContext context)
    {
        var now = policies.Now;
        return Task.FromResult(Reply.Json(new PolicyAnswer(
            now.Mode, now.Policy?.Version, now.Trouble,
            now.Policy is null ? null : JsonElement.Parse(now.Text is "" ? "{}" : now.Text))));
    }
}
