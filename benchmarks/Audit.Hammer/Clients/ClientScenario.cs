using System.Diagnostics;
using Audit.Hammer.Scenarios;

namespace Audit.Hammer.Clients;

/// <summary>
/// Hosts on a client, and their node: in every round some of them are killed. Nothing that a spool took is lost or
/// doubled or out of order, and no tool ran that the book does not know of.
/// </summary>
/// <param name="unavailable">Why it cannot be played here; null where it can.</param>
internal sealed class ClientScenario(string language, Func<string[]> command, string? unavailable = null) : IScenario
{
    public static IReadOnlyList<ClientScenario> All { get; } =
    [
        new(
            "dotnet",
            () => ["dotnet", "exec", BuiltProgram.Of("tests/Audit.Client.Contract", "Audit.Client.Contract.dll")]),
        new(
            "python",
            () => ["python3", "-B", Path.Combine(BuiltProgram.Root, "tests/Audit.Client.Contract/contract.py")]),
        new(
            "typescript", () => ["node", CompiledScripts.Driver],
            Environment.GetEnvironmentVariable(CompiledScripts.Variable) is null
                ? $"{CompiledScripts.Variable} does not say where npm put the compiler" : null),
    ];

    public string? Unavailable => unavailable;

    public string Name => $"client-{language}";

    public async Task<ScenarioResult> RunAsync(HammerRun run)
    {
        await using var rounds = await ClientRounds.StartAsync(command(), (int)(run.Seed % int.MaxValue));
        var played = 0;
        var clock = Stopwatch.StartNew();
        while (played < run.Rounds && !run.Until())
        {
            await rounds.PlayAsync();
            played++;
        }

        var result = await rounds.EndAsync();
        foreach (var wrong in result.Wrong)
        {
            run.Print($"{Name}: {wrong}");
        }

        run.Print(
            $"{Name}: {played} rounds, {clock.Elapsed.TotalSeconds / Math.Max(played, 1):0.0} s each, "
            + $"{result.Acknowledged} notes kept, {result.Ran} tools ran");
        return new ScenarioResult(
            Name, run.Seed, played, result.Acknowledged, result.Lost.Count, result.Doubled.Count, result.Wrong.Count);
    }
}
