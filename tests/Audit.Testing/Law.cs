using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;

namespace Audit.Testing;

/// <summary>
/// Checks a law on generated cases: on the same ones every time, and on others each time, whose seed stands in the output and in
/// the failure. The variable <see cref="Variable"/> gives a seed that is to be run again.
/// </summary>
public static class Law
{
    public const string Variable = "AUDIT_TEST_SEED";

    private const ulong Gamma = 0x9E3779B97F4A7C15UL;
    private const ulong Known = 7401UL;

    private static readonly Lazy<ulong> Drawn = new(() =>
    {
        var seed = ulong.TryParse(Environment.GetEnvironmentVariable(Variable), CultureInfo.InvariantCulture, out var given)
            ? given
            : (ulong)Random.Shared.NextInt64();
        Console.WriteLine($"Laws are checked with the seed {seed}; {Variable}={seed} checks them with it again.");
        return seed;
    });

    public static void Holds<T>(Gen<T> cases, Action<T> law, int runs = 300) => Holds(Arb.From(cases), law, runs);

    public static void Holds<T>(Arbitrary<T> cases, Action<T> law, int runs = 300)
    {
        Holds(Prop.ForAll(cases, law), runs, Known);
        Holds(Prop.ForAll(cases, law), runs, Drawn.Value);
    }

    /// <summary>On other cases each time only.</summary>
    public static void HoldsAnew(Property law, int runs) => Holds(law, runs, Drawn.Value);

    private static void Holds(Property law, int runs, ulong seed)
    {
        var replay = new Replay(new Rnd(seed, Gamma), FSharpOption<int>.None);
        try
        {
            Check.One(
                Config.QuickThrowOnFailure.WithMaxTest(runs).WithQuietOnSuccess(true).WithReplay(FSharpOption<Replay>.Some(replay)), law);
        }
        catch (Exception failure)
        {
            throw new InvalidOperationException($"A law does not hold with {Variable}={seed}: {failure.Message}", failure);
        }
    }
}
