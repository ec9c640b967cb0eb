using Audit.Architecture.Tests.Samples.Used;
using Renamed = Audit.Architecture.Tests.Samples.Used.ForAlias;

namespace Audit.Architecture.Tests.Samples.Using;

internal sealed class AsBase : ForBase;

internal sealed class AsInterface : IForInterface;

internal sealed class AsMember
{
    public ForMember? Member { get; set; }
}

internal sealed class InBody
{
    public static int Count() => ForBody.Count();
}

internal sealed class InGeneric
{
    public static int Count() => new Dictionary<int, List<ForGeneric>>().Count;
}

internal sealed class InConstraint<T>
    where T : ForBase
{
    public T? Value { get; set; }
}

internal sealed class InLambda
{
    public static IEnumerable<int> Of(IEnumerable<int> numbers) => numbers.Where(number => ForLambda.Allows(number));
}

internal sealed class InTypeOf
{
    public static string Name => typeof(ForTypeOf).Name;
}

[For(typeof(ForArgument))]
internal sealed class InAttribute;

internal sealed class InNested
{
    internal sealed class Inside
    {
        internal sealed record Deep(ForNested Value);
    }
}

internal sealed class InCatch
{
    public static bool Fails(Action action)
    {
        try
        {
            action();
            return false;
        }
        catch (ForCatch)
        {
            return true;
        }
    }
}

internal static class InConstant
{
    public const int Most = ForConstant.Most;

    public static int Second => (int)ForEnum.Second;

    public static string Name => nameof(ForNameof);

    public static Renamed? Alias => null;
}
