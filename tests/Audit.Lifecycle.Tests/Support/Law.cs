using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;

namespace Audit.Lifecycle.Tests.Support;

/// <summary>Checks a law on generated cases: always the same ones, so that a failure can be run again as it was.</summary>
internal static class Law
{
    private static readonly Replay Seed = new(new Rnd(7401UL, 0x9E3779B97F4A7C15UL), FSharpOption<int>.None);

    public static void Holds<T>(Gen<T> cases, Action<T> law, int runs = 300) => Holds(Arb.From(cases), law, runs);

    public static void Holds<T>(Arbitrary<T> cases, Action<T> law, int runs = 300) => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(runs).WithQuietOnSuccess(true).WithReplay(FSharpOption<Replay>.Some(Seed)),
        Prop.ForAll(cases, law));
}
