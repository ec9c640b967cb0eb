namespace Audit.Formats.Tests.Support;

[AttributeUsage(AttributeTargets.Method)]
internal sealed class SharedFactAttribute : FactAttribute
{
    public SharedFactAttribute()
    {
        if (Shared.Folder is null)
        {
            Skip = Shared.WhyNot;
        }
    }
}
