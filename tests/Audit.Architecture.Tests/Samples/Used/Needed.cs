using Audit.Architecture.Tests.Samples.Used.Inner;

namespace Audit.Architecture.Tests.Samples.Used;

internal class ForBase;

internal interface IForInterface;

internal sealed class ForMember;

internal sealed class ForBody
{
    public static int Count() => new Child().Size;
}

internal sealed class ForGeneric;

internal sealed class ForLambda
{
    public static bool Allows(int number) => number > 0;
}

internal sealed class ForTypeOf;

[AttributeUsage(AttributeTargets.Class)]
internal sealed class ForAttribute(Type type) : Attribute
{
    public Type Type { get; } = type;
}

internal sealed class ForArgument;

internal sealed class ForNested;

internal sealed class ForCatch : Exception;

internal static class ForConstant
{
    public const int Most = 3;
}

internal enum ForEnum
{
    First,
    Second,
}

internal sealed class ForNameof;

internal sealed class ForAlias;
